import { describe, expect, test } from "vitest";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { toHex } from "../../src/receipt/hex.js";
import type { Receipt } from "../../src/receipt/receipt.js";
import { saltCommitment } from "../../src/receipt/salt.js";
import type { JobInput } from "../../src/settlement/messages.js";
import {
  finish,
  lying,
  player,
  REQUESTER,
  revealed,
  type Scene,
  STAKE,
  scene,
  standingOf,
  wealthOf,
} from "./scene.js";
import {
  type Account,
  commitRun,
  hasher,
  LIE,
  NONCE,
  type Player,
  postJob,
  revealBody,
} from "./world.js";

/** Adversaries of a job up to its results, each played to the end. */

function committing(s: Scene, executors: number) {
  const mode = executors > 1 ? "replayed" : "optimistic";
  const job = postJob(s.world, REQUESTER, s.posted, { mode, executors });
  s.world.beacon();
  return { job, players: s.all.map((a) => player(s, job, a)) };
}

const pair = (s: Scene) => s.all as unknown as [Account, Account];

const DAY = 24 * 3600_000;

describe("sealed results", () => {
  test("who switches between commit and reveal has shown nothing, and loses its bond", () => {
    const s = scene(2);
    const [honest, liar] = pair(s);
    const { job, players } = committing(s, 2);
    const [first, second] = players as [Player, Player];
    const lie = player(s, job, liar, { corrupt: [LIE] });
    commitRun(s.world, job, honest, first.run);
    commitRun(s.world, job, liar, lie.run);
    s.world.say(honest, revealBody(job, honest, first.run));
    const changed = s.world.trySay(liar, revealBody(job, liar, second.run));
    expect(changed?.code).toBe("wrong-seal");
    const nonce = new Uint8Array(32).fill(4);
    expect(s.world.trySay(liar, revealBody(job, liar, lie.run, nonce))?.code).toBe("wrong-seal");
    expect(finish(s, job)).toEqual({ kind: "answered", executors: [honest.address] });
    expect(standingOf(s, job, liar)).toBe("unrevealed");
    expect(wealthOf(s, liar)).toBe(STAKE - 100_000);
    expect(wealthOf(s, honest)).toBe(STAKE + 10_000);
    s.world.checkReplay();
  });

  test("a copied seal opens to somebody else's receipt, which is nobody's claim", () => {
    const s = scene(2);
    const [honest, thief] = pair(s);
    const { job, players } = committing(s, 2);
    const [first, own] = players as [Player, Player];
    commitRun(s.world, job, honest, first.run);
    const sealed = s.world.job(job).entries.find((e) => e.executor === honest.address)?.sealed;
    s.world.say(thief, { kind: "commit", job, sealed: sealed as string });
    s.world.say(honest, revealBody(job, honest, first.run));
    const copy = revealBody(job, honest, first.run);
    expect(s.world.trySay(thief, copy)?.code).toBe("wrong-receipt");
    // Signed anew it is another receipt, and not the one that was sealed.
    expect(s.world.trySay(thief, revealBody(job, thief, own.run))?.code).toBe("wrong-seal");
    finish(s, job);
    expect(standingOf(s, job, thief)).toBe("unrevealed");
    s.world.checkReplay();
  });

  test.each<[string, (r: Receipt) => Partial<Receipt>]>([
    ["another job's context", () => ({ context: new Uint8Array(32).fill(1) })],
    ["other inputs", () => ({ inputs: new Uint8Array(32).fill(1) })],
    ["a salt", () => ({ salt: saltCommitment(hasher, NONCE) })],
    ["a generation", () => ({ generation: new Uint8Array(32).fill(1) })],
    ["another model", () => ({ model: new Uint8Array(32).fill(1) })],
    ["another binding", () => ({ binding: new Uint8Array(32).fill(1) })],
    ["another plan", () => ({ plan: new Uint8Array(32).fill(1) })],
    ["another profile", () => ({ profile: new Uint8Array(32).fill(1) })],
  ])("a receipt with %s is not about this job", (_, change) => {
    const s = scene(1);
    const [who] = pair(s);
    const { job, players } = committing(s, 1);
    const { run } = players[0] as Player;
    const other = { ...run, receipt: { ...run.receipt, ...change(run.receipt) } };
    commitRun(s.world, job, who, other);
    expect(s.world.trySay(who, revealBody(job, who, other))?.code).toBe("wrong-receipt");
    expect(finish(s, job)).toEqual({ kind: "not-run" });
    expect(wealthOf(s, who)).toBe(STAKE - 100_000);
  });

  test("absent and silent executors lose, the requester has its fee again", () => {
    const s = scene(2);
    const [absent, secret] = pair(s);
    const before = wealthOf(s, REQUESTER);
    const { job, players } = committing(s, 2);
    commitRun(s.world, job, secret, (players[1] as Player).run);
    expect(finish(s, job)).toEqual({ kind: "not-run" });
    expect(wealthOf(s, absent)).toBe(STAKE - 1_000);
    expect(wealthOf(s, secret)).toBe(STAKE - 100_000);
    expect(before - wealthOf(s, REQUESTER)).toBe(10);
    const again = committing(s, 2).job;
    expect(finish(s, again)).toEqual({ kind: "not-run" });
    expect(wealthOf(s, absent)).toBe(STAKE - 2_000);
    s.world.checkReplay();
  });

  test("nobody says anything twice, nor for others, nor in another phase", () => {
    const s = scene(2);
    const [first, second] = pair(s);
    const { job, players } = committing(s, 2);
    const { run } = players[0] as Player;
    const commit = { kind: "commit", job, sealed: `0x${"11".repeat(32)}` } as const;
    expect(s.world.trySay(first, revealBody(job, first, run))?.code).toBe("wrong-phase");
    expect(s.world.trySay(REQUESTER, commit)?.code).toBe("not-drawn");
    commitRun(s.world, job, first, run);
    expect(s.world.trySay(first, commit)?.code).toBe("already-said");
    commitRun(s.world, job, second, (players[1] as Player).run);
    s.world.say(first, revealBody(job, first, run));
    expect(s.world.trySay(first, revealBody(job, first, run))?.code).toBe("already-said");
    const early = { kind: "challenge", job, executor: first.address } as const;
    expect(s.world.trySay(second, early)?.code).toBe("wrong-phase");
  });
});

describe("deadlines", () => {
  test("commit and reveal: the last moment counts, the next does not", () => {
    for (const by of [0, 1]) {
      const s = scene(1);
      const [who] = pair(s);
      const { job, players } = committing(s, 1);
      const { run } = players[0] as Player;
      const phase = s.world.job(job).phase as { until: number };
      s.world.now = phase.until;
      expect(s.world.tryTick()?.code).toBe("nothing-due");
      s.world.now += by;
      const sealed = `0x${"11".repeat(32)}`;
      if (by === 1) {
        expect(s.world.trySay(who, { kind: "commit", job, sealed })?.code).toBe("late");
        expect(s.world.tryTick()).toBeUndefined();
        expect(standingOf(s, job, who)).toBe("absent");
        continue;
      }
      commitRun(s.world, job, who, run);
      s.world.now = (s.world.job(job).phase as { until: number }).until + 1;
      expect(s.world.trySay(who, revealBody(job, who, run))?.code).toBe("late");
      s.world.now--;
      expect(s.world.trySay(who, revealBody(job, who, run))).toBeUndefined();
    }
  });

  test("a challenge in the last moment keeps the job open, one later is late", () => {
    const s = scene(1);
    const { job, players } = revealed(s);
    const [who] = pair(s);
    const claim = { kind: "challenge", job, executor: who.address } as const;
    s.world.now = (s.world.job(job).phase as { until: number }).until + 1;
    expect(s.world.trySay(REQUESTER, claim)?.code).toBe("late");
    s.world.now--;
    s.world.say(REQUESTER, claim);
    s.world.now++;
    expect(s.world.tryTick()?.code).toBe("nothing-due");
    expect(s.world.job(job).phase.name).toBe("challengeable");
    expect(players).toHaveLength(1);
    expect(finish(s, job).kind).toBe("answered");
    s.world.checkReplay();
  });

  test("a link after the deadline draws nobody, tick or no tick", () => {
    const s = scene(1);
    const job = postJob(s.world, REQUESTER, s.posted);
    s.world.now = (s.world.job(job).phase as { until: number }).until + 1;
    s.world.beacon();
    expect(s.world.job(job).entries).toEqual([]);
    expect(finish(s, job)).toEqual({ kind: "not-drawn" });
  });

  test("a clock that goes back is refused", () => {
    const s = scene(1);
    s.world.now--;
    expect(s.world.tryTick()?.code).toBe("clock-backwards");
  });
});

describe("draws", () => {
  test("an operator that shows no link stops a job; nobody loses but the message", () => {
    const s = scene(1);
    const before = wealthOf(s, REQUESTER);
    const job = postJob(s.world, REQUESTER, s.posted);
    expect(finish(s, job)).toEqual({ kind: "not-drawn" });
    expect(before - wealthOf(s, REQUESTER)).toBe(10);
    const sampled = postJob(s.world, REQUESTER, s.posted, { mode: "sampled" });
    expect(s.world.try({ at: s.world.now, kind: "beacon", link: sampled })?.code).toBe(
      "wrong-beacon",
    );
  });

  test("the requester does not draw itself", () => {
    const s = scene(1);
    const [who] = pair(s);
    s.world.fund(who, 50_000);
    const job = postJob(s.world, who, s.posted);
    s.world.beacon();
    expect(s.world.job(job).phase.name).toBe("drawing");
  });

  test.each([0, 1000])("with an audit of %d in a thousand", (perMille) => {
    const s = scene(2, { audit: { perMille, auditors: 1 } });
    const job = postJob(s.world, REQUESTER, s.posted, { mode: "sampled", executors: 1 });
    s.world.beacon();
    const { executor } = s.world.job(job).entries[0] as { executor: string };
    const first = s.all.find((a) => a.address === executor) as Account;
    const lie = player(s, job, first, { corrupt: [LIE] });
    commitRun(s.world, job, first, lie.run);
    expect(s.world.job(job).phase.name).toBe("calling");
    s.world.beacon();
    const { audited, entries, phase } = s.world.job(job);
    expect(audited).toBe(perMille === 1000);
    expect(entries).toHaveLength(perMille === 1000 ? 2 : 1);
    expect(phase.name).toBe(perMille === 1000 ? "committing" : "revealing");
    s.world.checkReplay();
  });

  /** A job whose only executor lies and was called to account, with nobody left to do it. */
  function calledWithoutAuditors(): { s: Scene; job: string } {
    for (let fee = 10_000; ; fee++) {
      const s = scene(2, { audit: { perMille: 500, auditors: 1 } });
      const job = postJob(s.world, REQUESTER, s.posted, { mode: "sampled", executors: 1, fee });
      s.world.beacon();
      const { executor } = s.world.job(job).entries[0] as { executor: string };
      const first = s.all.find((a) => a.address === executor) as Account;
      const other = s.all.find((a) => a !== first) as Account;
      s.world.say(other, { kind: "unstake", amount: STAKE });
      commitRun(s.world, job, first, player(s, job, first, { corrupt: [LIE] }).run);
      s.world.beacon();
      if (s.world.job(job).audited) return { s, job };
    }
  }

  test("an audit that was called is not escaped by emptying the pool until a link calls none", () => {
    const { s, job } = calledWithoutAuditors();
    for (let i = 0; i < 12; i++) {
      expect(s.world.job(job)).toMatchObject({ audited: true, phase: { name: "calling" } });
      s.world.beacon();
    }
    expect(finish(s, job)).toEqual({ kind: "not-drawn" });
  });

  test("a job that may be audited does not start where nobody could", () => {
    const s = scene(1);
    postJob(s.world, REQUESTER, s.posted, { mode: "sampled", executors: 1 });
    s.world.beacon();
    expect([...s.world.state.jobs.entries()].map(([, j]) => j.phase.name)).toEqual(["drawing"]);
  });

  test("executors get no job that leaves less time or pays less than they ask for, or takes more", () => {
    const s = scene(1);
    const [who] = pair(s);
    const model = s.posted.model;
    const steps = s.world.job(postJob(s.world, REQUESTER, s.posted)).steps;
    s.world.now += 2 * DAY;
    s.world.tryTick();
    const asks = { steps, within: 1000, fee: 5000 };
    for (const [change, terms, drawn] of [
      [{}, { commitWithin: 1000, fee: 5000 }, true],
      [{}, { commitWithin: 999, fee: 5000 }, false],
      [{}, { commitWithin: 1000, fee: 4999 }, false],
      [{ steps: steps - 1 }, { commitWithin: 1000, fee: 5000 }, false],
    ] as const) {
      s.world.say(who, { kind: "leave", model });
      s.world.say(who, { kind: "enroll", model, ...asks, ...change });
      const job = postJob(s.world, REQUESTER, s.posted, terms);
      s.world.beacon();
      expect(s.world.job(job).entries).toHaveLength(drawn ? 1 : 0);
      finish(s, job);
    }
  });
});

describe("what a requester says", () => {
  const inputsOf = (s: Scene): JobInput[] =>
    [...s.posted.toy.inputs].map(([name, t]) => ({
      name,
      dtype: t.dtype,
      dims: t.dims,
      commitment: toHex(commitTensor(hasher, t)),
      value: t.dtype === "i64" ? toHex(t.bytes) : null,
      blob: toHex(hasher.hash(t.bytes)),
    }));

  test("a steering value that is not the one committed to is refused, and costs nothing", () => {
    const s = scene(1);
    const inputs = inputsOf(s).map((i) =>
      i.value ? { ...i, commitment: `0x${"12".repeat(32)}` } : i,
    );
    expect(() => postJob(s.world, REQUESTER, s.posted, { inputs })).toThrow("wrong-inputs");
  });

  test("a value that no run may hold would convict whoever reads it", () => {
    const s = scene(1);
    const inputs = inputsOf(s).map((i) => {
      if (i.name !== "x") return i;
      const bytes = new Uint8Array(64).fill(0xff);
      const tensor = { dtype: i.dtype, dims: i.dims, bytes };
      return { ...i, value: toHex(bytes), commitment: toHex(commitTensor(hasher, tensor)) };
    });
    expect(() => postJob(s.world, REQUESTER, s.posted, { inputs })).toThrow("canonical");
  });

  test.each<[string, Parameters<typeof postJob>[3], string]>([
    ["too low a fee", { fee: 999 }, "wrong-terms"],
    ["one executor for a replayed job", { mode: "replayed" }, "wrong-terms"],
    ["more time than there is", { commitWithin: DAY + 1 }, "wrong-terms"],
    ["more money than it has", { fee: 10_000_000 }, "unfunded"],
    ["a model that nobody registered", { model: `0x${"13".repeat(32)}` }, "unknown-model"],
  ])("%s is refused", (_, terms, code) => {
    const s = scene(1);
    expect(() => postJob(s.world, REQUESTER, s.posted, terms)).toThrow(code);
  });
});

test("lies that nobody looks at stand", () => {
  const s = scene(2);
  const { job } = revealed(s, lying(...s.all));
  expect(finish(s, job).kind).toBe("answered");
});
