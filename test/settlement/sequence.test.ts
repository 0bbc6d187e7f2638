import { describe, expect, test } from "vitest";
import { free, held, stake } from "../../src/settlement/money.js";
import {
  type Account,
  account,
  commitRun,
  enroll,
  LIE,
  OPERATOR,
  type Player,
  playOut,
  postJob,
  registerToy,
  revealBody,
  runFor,
  World,
} from "./world.js";

const REQUESTER = account(100);
const STAKE = 150_000;

function setUp(executors: number) {
  const world = new World();
  world.fund(OPERATOR, 50_000);
  const posted = registerToy(world);
  world.fund(REQUESTER, 1_000_000);
  const all = Array.from({ length: executors }, (_, i) => account(i + 1));
  for (const who of all) {
    world.fund(who, 0, STAKE);
    enroll(world, who, posted);
  }
  return { world, posted, all };
}

/** Everybody runs, commits and reveals; `liars` lie. */
function runAll({ world, posted, all }: ReturnType<typeof setUp>, job: string, liars: Account[]) {
  const players = all.map((account): Player => {
    const corrupt = liars.includes(account) ? [LIE] : [];
    return { account, run: runFor(world.job(job), posted.toy, account, { corrupt }) };
  });
  for (const { account, run } of players) commitRun(world, job, account, run);
  for (const { account, run } of players) world.say(account, revealBody(job, account, run));
  return players;
}

describe("a job", () => {
  test("three executors, one lies: it is convicted, the others are paid", async () => {
    const set = setUp(3);
    const { world, posted, all } = set;
    const [first, liar, third] = all as [Account, Account, Account];
    const job = postJob(world, REQUESTER, posted, { mode: "replayed", executors: 3 });
    world.beacon();
    expect(world.job(job).phase.name).toBe("committing");
    const players = runAll(set, job, [liar]);
    expect(world.job(job).phase.name).toBe("challengeable");
    expect(world.state.openDisputes).toHaveLength(1);
    await playOut(world, players);
    world.passDeadline();
    const { phase, entries } = world.job(job);
    expect(phase).toMatchObject({ name: "ended", end: { kind: "answered" } });
    const standing = new Map(entries.map((e) => [e.executor, e.standing]));
    expect(standing.get(liar.address)).toBe("refuted");
    expect(standing.get(first.address)).toBe("standing");
    expect(standing.get(third.address)).toBe("standing");
    const { money } = world.state;
    expect(held(money, stake(liar.address))).toBe(STAKE - 100_000);
    expect(held(money, stake(first.address))).toBe(STAKE);
    expect(held(money, free(first.address))).toBeGreaterThanOrEqual(5_000);
    expect(held(money, free(REQUESTER.address))).toBe(989_990);
    expect(money.locks.size).toBe(0);
  });
});
