import { describe, expect, test, vi } from "vitest";
import { BucketMap } from "../../src/settlement/bucket-map.js";
import { messageText } from "../../src/settlement/messages.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import { signMessage } from "../../src/settlement/sign-message.js";
import { awaitsBeacon } from "../../src/settlement/steps/beacon.js";
import { nextDeadline } from "../../src/settlement/steps/due.js";
import { challenge, player, REQUESTER, revealed, scene, watcher } from "./scene.js";
import { type Account, account, hasher, OPERATOR, postJob, World } from "./world.js";

/** What no account may do to a ledger: stop it, fill it for nothing, or make it slow. */

function saysText(world: World, text: string, key = OPERATOR.key): string | undefined {
  // Signed as it is: the text need not be a message.
  const signed = signMessage(hasher, JSON.parse('{"kind":"x"}') as never, key);
  return world.try({ at: world.now, kind: "message", text, signature: signed.signature })?.code;
}

describe("texts", () => {
  test("nesting without end is refused, not recursed into", () => {
    const world = new World();
    const deep = `{"a":${"[".repeat(400_000)}${"]".repeat(400_000)}}`;
    expect(saysText(world, deep)).toBe("malformed");
    expect(saysText(world, `{"a":"${"[".repeat(1000)}"}`)).toBe("malformed");
  });

  test.each<[string, string, string]>([
    ["nothing", "", "malformed"],
    ["null", "null", "malformed"],
    ["a list", "[]", "malformed"],
    ["a space", '{ "kind":"stake"}', "not-canonical"],
    ["a key twice", '{"kind":"stake","kind":"stake"}', "not-canonical"],
    ["a long way to write a letter", '{"kind":"\\u0073take"}', "not-canonical"],
    ["a long way to write a number", '{"kind":"stake","amount":1e2}', "not-canonical"],
    ["half a character", '{"kind":"\ud800"}', "not-canonical"],
    ["an unknown kind", '{"kind":"steal"}', "malformed"],
    ["a kind of every object", '{"kind":"constructor"}', "malformed"],
    ["a megabyte", `{"kind":"${"a".repeat(1 << 20)}"}`, "too-long"],
  ])("%s is refused by name", (_, text, code) => {
    expect(saysText(new World(), text)).toBe(code);
  });

  test("a field too many, too few or of another kind", () => {
    const world = new World();
    const whole = world.message(OPERATOR, { kind: "stake", amount: 1 });
    for (const wrong of [
      { ...whole, more: 1 },
      { ...whole, amount: undefined },
      { ...whole, amount: "1" },
      { ...whole, amount: 0.5 },
      { ...whole, amount: -1 },
      { ...whole, amount: 2 ** 53 },
      { ...whole, sender: OPERATOR.address.toUpperCase() },
      { ...whole, sequence: -1 },
    ]) {
      expect(saysText(world, messageText(wrong as never))).toBe("malformed");
    }
  });

  test("a dispute's party that says nothing at all, or not an object, stops nobody", () => {
    const s = scene(1);
    const [honest] = s.all as [Account];
    const { job } = revealed(s);
    const sham = watcher(s, job, 1);
    const dispute = challenge(s, job, sham, honest);
    for (const move of [null, 1, "move", [], [{}]]) {
      const body = { kind: "move", dispute, move: move as object } as const;
      expect(s.world.trySay(sham.account, body)?.code).toBe("malformed");
    }
    const body = { kind: "move", dispute, move: {} } as const;
    expect(s.world.trySay(sham.account, body)?.code).toBe("wrong-side");
    const named = { kind: "move", dispute, move: { sender: "challenger" } } as const;
    expect(s.world.trySay(sham.account, named)).toMatchObject({
      code: "move-refused",
      move: "malformed",
    });
  });
});

describe("replays", () => {
  test("a message counts once, on one ledger, from its signer", () => {
    const salt = `0x${"01".repeat(32)}`;
    const [world, other] = [new World(), new World({ salt } as never)];
    expect(other.state.id).not.toBe(world.state.id);
    const body = { kind: "deposit", to: REQUESTER.address, amount: 5 } as const;
    const signed = signMessage(hasher, world.message(OPERATOR, body), OPERATOR.key);
    const event = { at: world.now, kind: "message", ...signed } as const;
    expect(other.try(event)?.code).toBe("wrong-ledger");
    expect(world.try(event)).toBeUndefined();
    expect(world.try(event)?.code).toBe("wrong-sequence");
    const forged = signMessage(hasher, world.message(OPERATOR, body), REQUESTER.key);
    expect(world.try({ ...event, ...forged })?.code).toBe("wrong-signature");
    const zero = { ...event, ...forged, signature: `0x${"00".repeat(65)}` };
    expect(world.try(zero)?.code).toBe("wrong-signature");
    expect(world.trySay(REQUESTER, body)?.code).toBe("not-operator");
  });

  test("one book serves ledgers with other rules", () => {
    const book = new RuleBook(hasher);
    const clock = { perSide: 1, extension: 1 };
    const [a, b] = [scene(1, {}, book), scene(1, { clock }, book)];
    const jobs = [a, b].map((s) => s.world.job(postJob(s.world, REQUESTER, s.posted)));
    expect(a.world.rules(jobs[0] as never).clock).not.toEqual(clock);
    expect(b.world.rules(jobs[1] as never).clock).toEqual(clock);
  });
});

describe("what costs nothing", () => {
  test("an account without money leaves no trace", () => {
    const s = scene(1);
    const nobody = account(900);
    const { model } = s.posted;
    for (const body of [
      { kind: "withdraw", amount: 0 },
      { kind: "stake", amount: 0 },
      { kind: "unstake", amount: 0 },
      { kind: "withdraw", amount: 1 },
      { kind: "stake", amount: 1 },
      { kind: "unstake", amount: 1 },
      { kind: "enroll", model, steps: 1, within: 0, fee: 0 },
      { kind: "leave", model },
      { kind: "register", skeleton: "0x", commitments: [] },
    ] as const) {
      expect(s.world.trySay(nobody, body)?.code).toMatch(/malformed|unfunded|not-enrolled/);
    }
    expect(s.world.state.sequences.get(nobody.address)).toBeUndefined();
  });

  test("binding a plan is not done for who cannot pay for the job", () => {
    const s = scene(1);
    const binds = vi.spyOn(s.world.book, "rulesOf");
    expect(() => postJob(s.world, account(900), s.posted)).toThrow("unfunded");
    expect(binds).not.toHaveBeenCalled();
  });

  test("room in the state is paid for by the KiB", () => {
    const s = scene(1);
    const before = s.world.state.money.burned;
    postJob(s.world, REQUESTER, s.posted);
    expect(s.world.state.money.burned - before).toBe(10);
  });
});

describe("many disputes", () => {
  /** How often one challenge, and asking what is due, look something up. */
  function lookups(others: number): number[] {
    const s = scene(2);
    const [a, b] = s.all as [Account, Account];
    const { job: crowded } = revealed({ ...s, all: [a] }, new Map(), ONE);
    const { job: quiet } = revealed({ ...s, all: [b] }, new Map(), ONE);
    const busy = s.world.job(crowded).entries[0]?.executor as string;
    const other = s.world.job(quiet).entries[0]?.executor as string;
    const all = Array.from({ length: others }, (_, i) => player(s, quiet, account(300 + i)));
    const world = Object.assign(new World({}, s.world.book), {
      state: s.world.state,
      now: s.world.now,
    });
    for (const { account: who } of all) {
      world.fund(who, 50_000);
      world.say(who, { kind: "challenge", job: crowded, executor: busy });
    }
    const get = vi.spyOn(BucketMap.prototype, "get");
    world.say(REQUESTER, { kind: "challenge", job: quiet, executor: other });
    const said = get.mock.calls.length;
    nextDeadline(world.state);
    const due = get.mock.calls.length - said;
    awaitsBeacon(world.state);
    get.mockRestore();
    return [said, due];
  }

  test("cost those of another job nothing, and a look at the clock one look each", () => {
    const [few, many] = [lookups(1), lookups(41)];
    expect(many[0]).toBe(few[0]);
    expect((many[1] as number) - (few[1] as number)).toBe(40);
  });
});

const ONE = { mode: "optimistic", executors: 1 } as const;
