import { describe, expect, test } from "vitest";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import type { MoveKind } from "../../src/dispute/moves.js";
import type { Party } from "../../src/dispute/party.js";
import type { JobDispute } from "../../src/settlement/state.js";
import { flipFirst, onKind, silentOn, tampering } from "../dispute/zoo/parties.js";
import {
  challenge,
  finish,
  lying,
  OTHER_LIE,
  player,
  REQUESTER,
  revealed,
  type Scene,
  STAKE,
  scene,
  standingOf,
  watcher,
  wealthOf,
} from "./scene.js";
import { type Account, LIE, type Options, type Player, playOut } from "./world.js";

/** Adversaries in the disputes of a job, each played to the end. */

const BOND = 100_000;

const accounts = (s: Scene) => s.all as unknown as [Account, Account, Account, Account];

/** Whoever is right stands and has lost nothing; whoever lied is out and has lost its bond. */
function expectRight(s: Scene, job: string, right: readonly Account[], liars: readonly Account[]) {
  const end = finish(s, job);
  const executors = s.world.job(job).entries.map((e) => e.executor);
  const wanted = executors.filter((e) => right.some((a) => a.address === e));
  expect(end).toEqual({ kind: "answered", executors: wanted });
  for (const a of right) expect(wealthOf(s, a)).toBeGreaterThan(STAKE);
  for (const a of liars) expect(wealthOf(s, a)).toBeLessThan(STAKE);
  expect(s.world.state.money.locks.size).toBe(0);
  s.world.checkReplay();
}

/** Small enough that the toy's operators are opened and their folds cut. */
const INSIDE: Options = { budget: { bytes: 1, steps: 1, stretch: 4, spans: 3 } };

describe("executors that differ", () => {
  test("three that tell one lie against one who is right", async () => {
    const s = scene(4);
    const [honest, ...liars] = accounts(s);
    const { job, players } = revealed(s, lying(...liars));
    await playOut(s.world, players);
    expectRight(s, job, [honest], liars);
  });

  test("three that tell three lies against one who is right", async () => {
    const s = scene(4);
    const [a, honest, b, c] = accounts(s);
    const lies = new Map([
      [a, { corrupt: [LIE] }],
      [b, { corrupt: [OTHER_LIE] }],
      [c, { corrupt: [LIE, OTHER_LIE] }],
    ]);
    const { job, players } = revealed(s, lies);
    await playOut(s.world, players);
    expectRight(s, job, [honest], [a, b, c]);
  });

  test.each<[string, (side: string, honest: Party) => Party]>([
    ["falls silent", () => ({ respond: async () => undefined })],
    [
      "says something else than it has claimed",
      (side, honest) =>
        side === "asserter"
          ? tampering(
              honest,
              onKind("openSegment", (m) => ({ inner: flipFirst(m.inner) })),
            )
          : { respond: async () => undefined },
    ],
  ])("a saboteur that is right and %s pulls nobody with it", async (_, party) => {
    const s = scene(4);
    const [saboteur, honest, a, b] = accounts(s);
    const { job, players } = revealed(s, lying(a, b));
    const all = players.map((p) =>
      p.account === saboteur ? player(s, job, saboteur, {}, party) : p,
    );
    await playOut(s.world, all);
    expectRight(s, job, [honest], [a, b]);
    expect(standingOf(s, job, honest)).toBe("standing");
  });

  test.each<[string, (s: Scene) => number]>([
    ["the one before", () => -1],
    ["the one after", () => 1],
  ])("a segment's state taken from %s", async (_, by) => {
    const s = scene(2);
    const [honest, liar] = accounts(s);
    const publish = (p: { boundaries: Uint8Array[][] }) => {
      const at = 1;
      const from = p.boundaries[at + by(s)] as Uint8Array[];
      const live = p.boundaries[at] as Uint8Array[];
      p.boundaries[at] = live.map((_, i) => from[i % from.length] as Uint8Array);
    };
    const { job, players } = revealed(s, new Map([[liar, { publish }]]));
    expect(s.world.state.openDisputes).toHaveLength(1);
    await playOut(s.world, players);
    expectRight(s, job, [honest], [liar]);
  });

  test("a receipt that counts segments wrong falls without a move", () => {
    const miscounted = (s: Scene, job: string, who: Account): Player => {
      const made = player(s, job, who);
      const receipt = { ...made.run.receipt, segments: made.run.receipt.segments + 1 };
      return { ...made, run: { ...made.run, receipt } };
    };
    const s = scene(2);
    const [honest, liar] = accounts(s);
    const { job } = revealed(s, new Map(), {}, (p, job) =>
      p.account === liar ? miscounted(s, job, liar) : p,
    );
    // Drawn as the one who challenges, it has to convict somebody, and is silent.
    finish(s, job);
    expect(standingOf(s, job, honest)).toBe("standing");
    expect(["refuted", "failed"]).toContain(standingOf(s, job, liar));
    const alone = scene(1);
    const [only] = accounts(alone);
    const second = revealed(alone, new Map(), {}, (p, job) => miscounted(alone, job, p.account));
    const honestly = watcher(alone, second.job, 1);
    alone.world.say(honestly.account, {
      kind: "challenge",
      job: second.job,
      executor: only.address,
    });
    expect(standingOf(alone, second.job, only)).toBe("refuted");
    expect(wealthOf(alone, honestly.account)).toBe(1_020_000);
    alone.world.checkReplay();
  });
});

/** The kinds that each side says when a lie is tried to the end. */
async function kindsOf(
  changes: Options,
): Promise<{ asserter: MoveKind[]; challenger: MoveKind[] }> {
  const said = { asserter: new Set<MoveKind>(), challenger: new Set<MoveKind>() };
  const s = scene(2, changes);
  const { job, players } = revealed(s, lying(accounts(s)[1]));
  const listening = players.map((p) => ({
    ...p,
    party: (side: "asserter" | "challenger", honest: Party) =>
      tampering(honest, (move) => {
        said[side].add(move.kind);
        return move;
      }),
  }));
  await playOut(s.world, listening);
  finish(s, job);
  return { asserter: [...said.asserter], challenger: [...said.challenger] };
}

describe.each<[string, Options]>([
  ["with operators recomputed whole", {}],
  ["inside operators", INSIDE],
])("silence %s", (_, changes) => {
  test("at every kind of turn loses, and loses no more than what is one's own", async () => {
    const kinds = await kindsOf(changes);
    expect(kinds.asserter.length).toBeGreaterThan(2);
    for (const kind of kinds.asserter) {
      const s = scene(1, changes);
      const [liar] = accounts(s);
      const { job, players } = revealed(s, lying(liar));
      const mute = (_: string, h: Party) => tampering(h, silentOn(kind));
      const one = player(s, job, liar, { corrupt: [LIE] }, mute);
      const honest = watcher(s, job, 1);
      const before = wealthOf(s, honest.account);
      challenge(s, job, honest, liar);
      await playOut(s.world, [one, honest]);
      expect(players).toHaveLength(1);
      expect(standingOf(s, job, liar)).toBe("silent");
      expect(finish(s, job).kind).toBe("all-fell");
      expect(wealthOf(s, honest.account)).toBeGreaterThan(before);
    }
    for (const kind of kinds.challenger) {
      const s = scene(1, changes);
      const [honest] = accounts(s);
      const { job, players } = revealed(s);
      const sham = {
        ...watcher(s, job, 1, { corrupt: [LIE] }),
        party: (_: string, h: Party) => tampering(h, silentOn(kind)),
      };
      challenge(s, job, sham, honest);
      await playOut(s.world, [...players, sham]);
      expect(standingOf(s, job, honest)).toBe("standing");
      expect(wealthOf(s, sham.account)).toBeLessThanOrEqual(1_000_000 - 5_000);
      expect(finish(s, job).kind).toBe("answered");
      expect(wealthOf(s, honest)).toBeGreaterThanOrEqual(STAKE + 10_000);
    }
  });
});

describe("challengers from outside", () => {
  test("a sham challenge that fails first shields no lie", async () => {
    const s = scene(1);
    const [liar] = accounts(s);
    const { job, players } = revealed(s, lying(liar));
    const sham = watcher(s, job, 1, { corrupt: [LIE] });
    const lost = challenge(s, job, sham, liar);
    await playOut(s.world, [...players, sham]);
    expect(s.world.state.disputes.get(lost)?.result).toMatchObject({ loser: "challenger" });
    expect(wealthOf(s, sham.account)).toBe(995_000);
    const honest = watcher(s, job, 2);
    challenge(s, job, honest, liar);
    await playOut(s.world, [...players, honest]);
    expect(standingOf(s, job, liar)).toBe("refuted");
    expect(wealthOf(s, honest.account)).toBeGreaterThanOrEqual(1_020_000);
    expect(finish(s, job)).toEqual({ kind: "all-fell" });
    s.world.checkReplay();
  });

  test("an executor that answers two challengers differently is convicted by one", async () => {
    const s = scene(1, INSIDE);
    const [liar] = accounts(s);
    const { job } = revealed(s, lying(liar));
    const [first, second] = [watcher(s, job, 1), watcher(s, job, 2)];
    const truth = player(s, job, liar);
    const ids = [challenge(s, job, first, liar), challenge(s, job, second, liar)];
    const party = (_: string, lie: Party, { id, job: of }: JobDispute): Party => {
      const rules = s.world.rules(s.world.job(of));
      return id === ids[0] ? lie : new HonestAsserter(rules, truth.run.provider);
    };
    const two = player(s, job, liar, { corrupt: [LIE] }, party);
    await playOut(s.world, [two, first, second]);
    expect(["refuted", "silent"]).toContain(standingOf(s, job, liar));
    for (const w of [first, second]) expect(wealthOf(s, w.account)).toBeGreaterThan(1_000_000);
    s.world.checkReplay();
  });

  test("who convicts its own second account loses what an honest conviction costs, at least", async () => {
    // Moves so dear that a dozen accounts could earn the whole bond.
    const s = scene(1, { fees: { move: 5_000 } });
    const [liar] = accounts(s);
    const { job, players } = revealed(s, lying(liar));
    const own = watcher(s, job, 1);
    // They make their moves but the last, and then have nothing left to decide.
    const shams = Array.from({ length: 12 }, (_, i) => watcher(s, job, 2 + i));
    const before = [own, ...shams].reduce((sum, w) => sum + wealthOf(s, w.account), STAKE);
    const burned = s.world.state.money.burned;
    for (const w of shams) {
      challenge(s, job, w, liar);
      const stops = {
        ...w,
        party: (_: string, h: Party) => tampering(h, silentOn("nameOperator")),
      };
      await playSome(s, [...players, stops]);
    }
    challenge(s, job, own, liar);
    await playOut(s.world, [...players, own]);
    const after = [own, ...shams].reduce(
      (sum, w) => sum + wealthOf(s, w.account),
      wealthOf(s, liar),
    );
    expect(s.world.state.money.locks.size).toBe(0);
    expect(before - after).toBe(s.world.state.money.burned - burned);
    expect(before - after).toBeGreaterThanOrEqual(BOND / 2);
  });

  test("a challenger without money for the next depth cannot go on, and loses", async () => {
    const s = scene(1);
    const [liar] = accounts(s);
    const { job, players } = revealed(s, lying(liar));
    const poor = watcher(s, job, 1, {}, 5_000);
    const id = challenge(s, job, poor, liar);
    await playOut(s.world, [...players, poor]);
    expect(s.world.state.disputes.get(id)?.result).toMatchObject({ loser: "challenger" });
    expect(wealthOf(s, poor.account)).toBe(0);
    const none = { kind: "challenge", job, executor: liar.address } as const;
    expect(s.world.trySay(poor.account, none)?.code).toBe("unfunded");
  });

  test("nobody challenges themselves, twice at once, nor what has fallen or is not there", async () => {
    const s = scene(2);
    const [honest, liar] = accounts(s);
    const { job, players } = revealed(s, lying(liar));
    const say = (who: Account, executor: Account) =>
      s.world.trySay(who, { kind: "challenge", job, executor: executor.address })?.code;
    s.world.fund(honest, 50_000);
    expect(say(honest, honest)).toBe("own-claim");
    expect(say(honest, REQUESTER)).toBe("unknown-claim");
    expect(say(REQUESTER, honest)).toBeUndefined();
    expect(say(REQUESTER, honest)).toBe("already-challenging");
    await playOut(s.world, players);
    expect(say(REQUESTER, liar)).toBe("unknown-claim");
    expect(finish(s, job).kind).toBe("answered");
  });

  test("moves of others, of other disputes and for the other side are refused", () => {
    const s = scene(1);
    const [honest] = accounts(s);
    const { job } = revealed(s);
    const [a, b] = [watcher(s, job, 1), watcher(s, job, 2)];
    const [first, second] = [challenge(s, job, a, honest), challenge(s, job, b, honest)];
    const move = { dispute: first, sequence: 0, sender: "challenger", kind: "descend" };
    const say = (who: Account, dispute: string, said: object) =>
      s.world.trySay(who, { kind: "move", dispute, move: said });
    expect(say(b.account, first, move)?.code).toBe("not-a-party");
    expect(say(b.account, second, move)).toMatchObject({
      code: "move-refused",
      move: "wrong-dispute",
    });
    expect(say(honest, first, move)?.code).toBe("wrong-side");
    expect(say(a.account, first, { ...move, sender: "anyone", kind: "timeout" })?.code).toBe(
      "wrong-side",
    );
    expect(say(a.account, first, { ...move, sequence: 1 })?.move).toBe("wrong-sequence");
    expect(say(a.account, `0x${"00".repeat(32)}`, move)?.code).toBe("unknown-dispute");
    expect(say(a.account, first, move)).toBeUndefined();
    expect(say(a.account, first, move)?.move).toBe("wrong-sequence");
  });

  test("what was paid at once stays paid when the claim falls; the bond does not", async () => {
    const s = scene(1);
    const [liar] = accounts(s);
    const { job, players } = revealed(s, lying(liar), { mode: "instant" });
    expect(s.world.job(job).paid).toBe(true);
    expect(wealthOf(s, liar)).toBe(STAKE + 10_000);
    const honest = watcher(s, job, 1);
    challenge(s, job, honest, liar);
    await playOut(s.world, [...players, honest]);
    expect(finish(s, job)).toEqual({ kind: "all-fell" });
    expect(wealthOf(s, liar)).toBe(STAKE + 10_000 - BOND);
    s.world.checkReplay();
  });
});

/** Every turn that somebody takes now; silence is left as it is. */
async function playSome(s: Scene, players: readonly Player[]): Promise<void> {
  const deadline = s.world.now;
  const stopped = new Error("stop");
  const world = new Proxy(s.world, {
    get: (target, key) => {
      if (key === "passDeadline") {
        return () => {
          throw stopped;
        };
      }
      const value = Reflect.get(target, key) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await playOut(world, players).catch((error: unknown) => {
    if (error !== stopped) throw error;
  });
  expect(s.world.now).toBe(deadline);
}
