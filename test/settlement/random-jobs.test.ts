import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { fromHex } from "../../src/receipt/hex.js";
import { auditMoney } from "../../src/settlement/money.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import type { LedgerState } from "../../src/settlement/state.js";
import { claimRoot } from "../../src/settlement/steps/results.js";
import { type Run, type RunOptions, runOf } from "../dispute/zoo/run.js";
import { chain } from "../dispute/zoo/toy.js";
import { LONG } from "../support/long.js";
import { longestJob } from "./bounds.js";
import { wealth } from "./checked.js";
import { type Actor, type Dice, RandomJob } from "./random-job.js";
import {
  type Account,
  account,
  enroll,
  hasher,
  OPERATOR,
  type Options,
  postJob,
  registerToy,
  World,
} from "./world.js";

// A signature takes longer than all else in these jobs: here it is its signer's address.
vi.mock("../../src/receipt/sign.js", async (original) => {
  const real = await original<typeof import("../../src/receipt/sign.js")>();
  const { addressOf } = await import("../../src/receipt/key.js");
  const known = new Map<string, Uint8Array>();
  const of = (key: Uint8Array): Uint8Array => {
    const found = known.get(key.join()) ?? addressOf(key);
    known.set(key.join(), found);
    return found;
  };
  const signDigest = (_: Uint8Array, key: Uint8Array): Uint8Array => {
    const signature = new Uint8Array(65);
    signature.set(of(key));
    return signature;
  };
  return {
    ...real,
    signDigest,
    recoverAddress: (_: Uint8Array, signature: Uint8Array) => signature.slice(0, 20),
    signReceipt: (_: unknown, receipt: unknown, key: Uint8Array) => {
      return { receipt, signature: signDigest(key, key) };
    },
    verifyReceipt: () => {},
  };
});

/** Whole jobs with everybody in them, over an alphabet of three operators. */

const TOY = chain(3);
const RIGHT = runOf(TOY);
const LIES: readonly RunOptions[] = [
  { corrupt: [{ node: 0 }] },
  { corrupt: [{ node: 1, element: 1 }] },
  { corrupt: [{ node: 2, element: 2 }] },
  { publish: ({ boundaries }) => void boundaries.splice(1, 1, boundaries[0] as Uint8Array[]) },
  { publish: (p) => void p.outputs.splice(0, 1, p.boundaries[0]?.[0] as Uint8Array) },
];
const WRONG: readonly Run[] = LIES.map((o) => runOf(TOY, o));

const EXECUTORS = Array.from({ length: 7 }, (_, i) => account(i + 1));
const WATCHERS = Array.from({ length: 3 }, (_, i) => account(i + 200));
const REQUESTER = account(100);

const CLOCK: Options = {
  windows: { draw: 500, commit: 1000, reveal: 300, challenge: 2000 },
  clock: { perSide: 1000, extension: 100 },
  audit: { perMille: 500, auditors: 2 },
};
/** Challenges outlast their window, rounds the challenges, or nothing anything. */
const PARAMETERS: readonly Options[] = [
  CLOCK,
  { ...CLOCK, windows: { ...CLOCK.windows, challenge: 0 } },
  { ...CLOCK, windows: { ...CLOCK.windows, challenge: 60_000 } },
];

const book = new RuleBook(hasher);
const FOUNDED = PARAMETERS.map((changes) => {
  const world = new World(changes, book);
  world.fund(OPERATOR, 50_000);
  const posted = registerToy(world, TOY);
  for (const who of EXECUTORS) {
    world.fund(who, 0, 500_000);
    enroll(world, who, posted);
  }
  for (const who of WATCHERS) world.fund(who, 1_000_000);
  world.fund(REQUESTER, 1_000_000);
  return { posted, state: world.state, changes };
});

function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

const MODES = ["instant", "optimistic", "replayed", "sampled"] as const;

const JOBS = fc.record({
  seed: fc.nat(),
  founded: fc.nat(PARAMETERS.length - 1),
  mode: fc.constantFrom(...MODES),
  executors: fc.integer({ min: 1, max: 5 }),
  /** Of each executor: honest, or what it does instead. */
  kinds: fc.array(fc.nat(11), { minLength: 7, maxLength: 7 }),
  watchers: fc.array(fc.nat(2), { maxLength: 3 }),
});

type Case = typeof JOBS extends fc.Arbitrary<infer T> ? T : never;

/** 0–3 honest, 4 a saboteur, 5 absent, 6 silent about what it sealed, else a lie. */
function actorOf(run: (of: Run) => Run, who: Account, kind: number): Actor {
  const honest = kind < 4;
  const of = kind < 7 ? RIGHT : (WRONG[kind - 7] as Run);
  return { account: who, run: run(of), honest, commits: kind !== 5, reveals: kind !== 6 };
}

async function playJob({ seed, founded, mode, executors, kinds, watchers }: Case) {
  const { posted, state, changes } = FOUNDED[founded] as (typeof FOUNDED)[number];
  const world = new World(changes, book);
  world.state = state;
  const size = mode === "replayed" ? Math.max(2, executors) : executors;
  const terms = { mode, executors: size, granularity: "operator", commitWithin: 1000 } as const;
  const id = postJob(world, REQUESTER, posted, terms);
  const job = world.job(id);
  const of = (who: Account) => (run: Run) => ({
    ...run,
    receipt: { ...run.receipt, ...named(job, who) },
  });
  const actors = EXECUTORS.map((who, i) => actorOf(of(who), who, kinds[i] as number));
  const watching = watchers.map((kind, i): Actor => {
    const who = WATCHERS[i] as Account;
    const run = of(who)(kind === 0 ? RIGHT : (WRONG[kind] as Run));
    return { account: who, run, honest: kind === 0, commits: false, reveals: false };
  });
  const executing = new Map(actors.map((a) => [a.account.address, a]));
  const right = claimRoot(hasher, RIGHT.receipt);
  const begun = world.now;
  const ended = await new RandomJob(world, id, executing, watching, right, diceOf(seed)).play();
  return { world, before: state, begun, ended, actors, watching, right };
}

type Played = Awaited<ReturnType<typeof playJob>>;

/** Context and executor: all in which receipts of one run differ. */
function named(job: { readonly context: string }, who: Account) {
  return { context: fromHex(job.context), executor: fromHex(who.address) };
}

function checkEnd({ ended, actors, watching, right }: Played): void {
  if (ended.phase.name !== "ended") throw new Error("the job has not ended");
  const { end } = ended.phase;
  const honest = actors.filter((a) => a.honest).map((a) => a.account.address);
  const seated = ended.entries.map((e) => e.executor).filter((e) => honest.includes(e));
  const revealed = ended.entries.filter((e) => e.claim);
  const watched = watching.some((w) => w.honest);
  if (end.kind === "answered" && (watched || seated.length > 0)) {
    const standing = ended.entries.filter((e) => e.standing === "standing");
    expect(standing.every((e) => e.claim?.root === right)).toBe(true);
    expect(seated.every((e) => end.executors.includes(e))).toBe(true);
  }
  // Whoever is right and says so gives the job its answer.
  if (seated.length > 0 && revealed.length > 0) expect(end.kind).toBe("answered");
}

function checkMoney({ world, before, ended, actors, watching }: Played): void {
  auditMoney(world.state.money);
  expect(world.state.money.locks.size).toBe(0);
  const [was, is] = [wealth(before), wealth(world.state)];
  const gained = (who: Account): number => (is.get(who.address) ?? 0) - (was.get(who.address) ?? 0);
  for (const { account: who, honest } of [...actors, ...watching]) {
    if (honest) expect(gained(who), who.address).toBeGreaterThanOrEqual(0);
  }
  const { end } = ended.phase as { end: { kind: string } };
  const fee = end.kind === "answered" || ended.paid ? ended.fee : 0;
  expect(gained(REQUESTER)).toBeGreaterThanOrEqual(-fee - 20);
  const outside = world.state.money.burned - (before as LedgerState).money.burned;
  const all = [...is.keys()].reduce((sum, who) => sum + (is.get(who) ?? 0), 0);
  const then = [...was.keys()].reduce((sum, who) => sum + (was.get(who) ?? 0), 0);
  expect(then - all).toBe(outside);
}

function checkTime({ world, begun, ended }: Played): void {
  const rounds = Math.max(0, ended.entries.length - 1);
  const bound = longestJob(world.state.parameters, ended, world.rules(ended), rounds);
  const deadlines = world.state.disputes.size + 8;
  expect(world.now - begun).toBeLessThanOrEqual(bound + deadlines);
}

const COUNT = Number(process.env.ASSAY_JOBS ?? (LONG ? 20_000 : 1000));

describe("random play of whole jobs", () => {
  test("the right end, in time, and nobody who is right becomes poorer", async () => {
    const ends = new Map<string, number>();
    let disputes = 0;
    await fc.assert(
      fc.asyncProperty(JOBS, async (of) => {
        const played = await playJob(of);
        checkEnd(played);
        checkMoney(played);
        checkTime(played);
        const { phase } = played.ended;
        const kind = phase.name === "ended" ? phase.end.kind : "";
        ends.set(kind, (ends.get(kind) ?? 0) + 1);
        disputes += played.world.state.disputes.size;
      }),
      { numRuns: COUNT },
    );
    // The jobs were worth playing.
    expect([...ends.keys()].sort()).toEqual(["all-fell", "answered", "not-drawn", "not-run"]);
    expect(disputes).toBeGreaterThan(COUNT);
  });
});
