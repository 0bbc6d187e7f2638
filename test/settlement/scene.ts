import type { RuleBook } from "../../src/settlement/rule-book.js";
import type { JobEnd, Standing } from "../../src/settlement/state.js";
import type { Corruption, RunOptions } from "../dispute/zoo/run.js";
import { toy } from "../dispute/zoo/toy.js";
import { CheckedWorld, wealth } from "./checked.js";
import {
  type Account,
  account,
  commitRun,
  enroll,
  LIE,
  OPERATOR,
  type Options,
  type Player,
  type Posted,
  postJob,
  registerToy,
  revealBody,
  runFor,
} from "./world.js";

export const REQUESTER = account(100);
export const STAKE = 300_000;
export const FUNDS = 1_000_000;
export const OTHER_LIE: Corruption = { node: 9, element: 2 };

/** A ledger with a model, a requester and executors who take whatever comes. */
export interface Scene {
  readonly world: CheckedWorld;
  readonly posted: Posted;
  readonly all: readonly Account[];
}

export function scene(executors: number, changes: Options = {}, book?: RuleBook): Scene {
  const world = new CheckedWorld(changes, book);
  world.fund(OPERATOR, 50_000);
  const posted = registerToy(world, toy());
  world.fund(REQUESTER, FUNDS);
  const all = Array.from({ length: executors }, (_, i) => account(i + 1));
  for (const who of all) {
    world.fund(who, 0, STAKE);
    enroll(world, who, posted);
  }
  return { world, posted, all };
}

/** Somebody with money and a run, who has no part in the job. */
export function watcher(s: Scene, job: string, n: number, run: RunOptions = {}, free = FUNDS) {
  const who = account(200 + n);
  s.world.fund(who, free);
  return player(s, job, who, run);
}

export function player(
  { world, posted }: Scene,
  job: string,
  who: Account,
  run: RunOptions = {},
  party?: Player["party"],
): Player {
  const made = { account: who, run: runFor(world.job(job), posted.toy, who, run) };
  return party ? { ...made, party } : made;
}

/** What each executor gets wrong; nothing where it is missing. */
export type Lies = ReadonlyMap<Account, RunOptions>;

export const lying = (...who: readonly Account[]): Lies =>
  new Map(who.map((a) => [a, { corrupt: [LIE] }]));

/** Posts a job, draws, and lets everybody commit and reveal. */
export function revealed(
  s: Scene,
  lies: Lies = new Map(),
  terms: Parameters<typeof postJob>[3] = {},
  change: (p: Player, job: string) => Player = (p) => p,
): { readonly job: string; readonly players: Player[] } {
  const { world, posted, all } = s;
  const mode = all.length > 1 ? "replayed" : "optimistic";
  const job = postJob(world, REQUESTER, posted, { mode, executors: all.length, ...terms });
  world.beacon();
  const drawn = world.job(job).entries.map((e) => e.executor);
  const players = all
    .filter((a) => drawn.includes(a.address))
    .map((a) => change(player(s, job, a, lies.get(a)), job));
  for (const p of players) commitRun(world, job, p.account, p.run);
  for (const p of players) world.say(p.account, revealBody(job, p.account, p.run));
  return { job, players };
}

export function challenge({ world }: Scene, job: string, by: Player, claim: Account): string {
  const before = new Set(world.state.openDisputes);
  world.say(by.account, { kind: "challenge", job, executor: claim.address });
  return world.state.openDisputes.find((d) => !before.has(d)) as string;
}

/** Lets time pass until the job is over. */
export function finish({ world }: Scene, job: string): JobEnd {
  for (;;) {
    const { phase } = world.job(job);
    if (phase.name === "ended") return phase.end;
    world.passDeadline();
  }
}

export function standingOf({ world }: Scene, job: string, who: Account): Standing | undefined {
  return world.job(job).entries.find((e) => e.executor === who.address)?.standing;
}

export function wealthOf({ world }: Scene, who: Account): number {
  return wealth(world.state).get(who.address) ?? 0;
}
