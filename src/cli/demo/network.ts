import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { AssayError, f32Values } from "../../../operators/index.js";
import { readFile } from "../../files/disk.js";
import { loadModelAndSkeleton } from "../../files/load-model.js";
import { parseTensorFile } from "../../files/parse.js";
import { auditLedgerFolder } from "../../ledger/audit-folder.js";
import type { Ledger } from "../../ledger/port.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { Account } from "../../service/client/account.js";
import { RemoteLedger } from "../../service/client/remote-ledger.js";
import { hostModel } from "../../service/hosted-model.js";
import { registerModel } from "../../service/post-job.js";
import { RuleBook } from "../../settlement/rule-book.js";
import type { Id, Job, LedgerState } from "../../settlement/state.js";
import { stateDigest } from "../../settlement/state-digest.js";
import { type JobFacts, jobFacts } from "../job-report.js";
import type { NetworkFacts } from "./network-facts.js";
import type { Stage } from "./stage.js";
import type { Resident, Running, Town } from "./town.js";

/** Seconds instead of hours, so that all of it can be watched. */
const QUICK = {
  windows: { draw: 30_000, commit: 30_000, reveal: 15_000, challenge: 9_000 },
  clock: { perSide: 15_000, extension: 5_000 },
};

/** What executors stake: the honest ones cover one bond of 100000, the cheat three. */
const STAKES = [150_000, 150_000, 350_000];
const CHEAT = 2;
const MONEY = { watcher: 100_000, requester: 50_000 };

/** How often a job is posted for the cheat to be drawn. */
const TRIES = 5;

/** What is told while it happens. */
export interface NetworkTelling {
  opened(facts: { readonly url: string; readonly ledger: Id }): void;
  peopled(facts: Pick<NetworkFacts, "residents">): void;
  drawn(job: JobFacts): void;
  contested(job: JobFacts): void;
  watching(): void;
  challenged(job: JobFacts): void;
}

/**
 * A ledger, three executors of which one cheats, a watcher and a requester, each a process of its own;
 * this process is the ledger's operator, and looks on.
 */
export async function playNetwork(
  stage: Stage,
  town: Town,
  signal: AbortSignal,
  tell: NetworkTelling,
): Promise<NetworkFacts> {
  const started = performance.now();
  const people = residentsOf(town);
  const { url, id } = await openLedger(town, people.operator, signal);
  tell.opened({ url, ledger: id });
  const book = new RuleBook(nodeHasher);
  const ledger = await RemoteLedger.connect(url, { book, expect: id, signal });
  const scene: Scene = { stage, town, ledger, book, url, id, people, signal, tell };
  try {
    await fund(scene);
    await startExecutors(scene);
    const residents = namesOf(people);
    tell.peopled({ residents });
    const before = moneyOf(ledger.state, people);
    const first = await playReplayed(scene);
    const second = await playOptimistic(scene);
    const exits = {
      replayed: await first.requester.ended,
      optimistic: await second.requester.ended,
    };
    const { state } = ledger;
    const factsOf = (job: Id) => jobFacts(state, state.jobs.get(job) as Job, book);
    const [replayed, optimistic] = [factsOf(first.job), factsOf(second.job)];
    const answer = answerIn(first.answer);
    const { posts } = second;
    const facts = { residents, replayed, optimistic, answer, posts, exits };
    const audit = await endAndAudit(scene);
    const { minted, burned } = audit.state.money;
    const after = moneyOf(audit.state, people);
    const money = before.map(({ name, total }, i) => {
      return { name, before: total, after: after[i]?.total as number };
    });
    const { events, same } = audit;
    const ms = performance.now() - started;
    return { ...facts, money, minted, burned, audit: { events, same }, ms };
  } finally {
    await ledger.close();
  }
}

interface People {
  readonly operator: Resident;
  readonly executors: readonly Resident[];
  readonly watcher: Resident;
  readonly requester: Resident;
}

interface Scene {
  readonly stage: Stage;
  readonly town: Town;
  readonly ledger: RemoteLedger;
  readonly book: RuleBook;
  readonly url: string;
  readonly id: Id;
  readonly people: People;
  readonly signal: AbortSignal;
  readonly tell: NetworkTelling;
}

function residentsOf(town: Town): People {
  return {
    operator: town.resident("operator"),
    executors: STAKES.map((_, i) => town.resident(`executor-${i + 1}`)),
    watcher: town.resident("watcher"),
    requester: town.resident("requester"),
  };
}

function namesOf({ executors, watcher, requester }: People): NetworkFacts["residents"] {
  return {
    executors: executors.map((e) => e.address),
    cheat: (executors[CHEAT] as Resident).address,
    watcher: watcher.address,
    requester: requester.address,
  };
}

async function openLedger(town: Town, { keyFile }: Resident, signal: AbortSignal) {
  const parameters = join(town.folder, "parameters.json");
  writeFileSync(parameters, JSON.stringify(QUICK));
  const folder = join(town.folder, "ledger");
  const args = ["ledger", "serve", folder, "--port", "0", "--key", keyFile];
  const server = town.start("ledger", [...args, "--parameters", parameters]);
  const line = await server.line((l) => typeof l.url === "string", signal);
  return { url: String(line.url), id: String(line.ledger) };
}

/** What an operator does: lets money in, and registers the model. */
async function fund({ ledger, people, stage, signal }: Scene): Promise<void> {
  const { operator, executors, watcher, requester } = people;
  const account = new Account(ledger, nodeHasher, operator.key, { signal });
  const hosted = hostModel(nodeHasher, loadModelAndSkeleton(stage.modelFile));
  const deposits: [Resident, number][] = [
    [operator, ledger.state.parameters.fees.registration],
    ...executors.map((e, i): [Resident, number] => [e, STAKES[i] as number]),
    [watcher, MONEY.watcher],
    [requester, MONEY.requester],
  ];
  for (const [{ address }, amount] of deposits) {
    const said = await account.say({ kind: "deposit", to: address, amount });
    if ("refusal" in said) throw new AssayError("ledger/refused", said.refusal.message);
  }
  await registerModel({ ledger, account }, hosted);
}

async function startExecutors(scene: Scene): Promise<void> {
  const { stage, town, people, ledger, signal } = scene;
  people.executors.forEach(({ name, keyFile }, i) => {
    const stake = String(STAKES[i]);
    const { drill, plan, backend } = stage;
    const drilled =
      i === CHEAT ? ["--corrupt", `${plan.nodes[drill.node]?.name}:${drill.element}`] : [];
    town.start(name, [
      ...["executor", "serve", "--model", stage.modelFile, "--data", join(town.folder, name)],
      ...["--stake", stake, "--within", "1s", "--backend", backend, "--threads", "1"],
      ...[...drilled, "--key", keyFile, ...ledgerArguments(scene)],
    ]);
  });
  await until(ledger, signal, ({ models }) => {
    return [...models.entries()].some(([, m]) => m.offers.length === STAKES.length);
  });
}

function ledgerArguments({ url, id }: Scene): string[] {
  return ["--ledger", url, "--expect-ledger", id];
}

interface Posted {
  readonly job: Id;
  readonly requester: Running;
  /** Where it writes the answer. */
  readonly answer: string;
}

async function post(scene: Scene, name: string, terms: readonly string[]): Promise<Posted> {
  const { stage, town, people, ledger, signal } = scene;
  const { address, keyFile } = people.requester;
  const answer = join(town.folder, name);
  const known = new Set([...ledger.state.jobs.entries()].map(([id]) => id));
  const requester = town.start(name, [
    ...["job", "post", stage.modelFile, "--input", `image=${stage.pictureFile}`, ...terms],
    ...["--within", "20s", "--out", answer, "--key", keyFile, ...ledgerArguments(scene)],
  ]);
  const own = ({ jobs }: LedgerState) =>
    [...jobs.entries()].find(([id, job]) => !known.has(id) && job.requester === address)?.[0];
  await orEnd(
    requester,
    until(ledger, signal, (state) => own(state) !== undefined),
  );
  return { job: own(ledger.state) as Id, requester, answer };
}

/** All three run it: their receipts differ, and the contest says whose is wrong. */
async function playReplayed(scene: Scene): Promise<Posted> {
  const { tell } = scene;
  const posted = await post(scene, "replayed", ["--mode", "replayed", "--executors", "3"]);
  await untilJob(scene, posted, (job) => job.entries.length > 0);
  tell.drawn(factsOf(scene, posted.job));
  await untilJob(scene, posted, (job) => job.contest.round > 0 && job.disputes.length === 0);
  tell.contested(factsOf(scene, posted.job));
  return posted;
}

/** One runs it, and a watcher does too. Until it is the cheat: the others' stakes are in bonds. */
async function playOptimistic(scene: Scene): Promise<Posted & { readonly posts: number }> {
  const { town, stage, people, signal, tell } = scene;
  const { keyFile } = people.watcher;
  const watching = ["watch", "--model", stage.modelFile, "--key", keyFile, "--threads", "1"];
  const watcher = town.start("watcher", [...watching, ...ledgerArguments(scene)]);
  await watcher.line(({ what }) => String(what).startsWith("watching"), signal);
  tell.watching();
  const cheat = people.executors[CHEAT] as Resident;
  for (let posts = 1; posts <= TRIES; posts++) {
    const posted = await post(scene, `optimistic-${posts}`, ["--mode", "optimistic"]);
    await untilJob(scene, posted, (job) => job.entries.length > 0);
    tell.drawn(factsOf(scene, posted.job));
    const { job } = posted;
    if (scene.ledger.state.jobs.get(job)?.entries[0]?.executor !== cheat.address) continue;
    await untilJob(scene, posted, ({ phase }) => phase.name === "ended");
    tell.challenged(factsOf(scene, job));
    return { ...posted, posts };
  }
  throw new AssayError("run/incomplete", `the cheat was not drawn in ${TRIES} jobs`, {
    hint: "that is chance: play it again",
  });
}

function factsOf({ ledger, book }: Scene, job: Id): JobFacts {
  return jobFacts(ledger.state, ledger.state.jobs.get(job) as Job, book);
}

/** A condition on a job; a job that ends otherwise ends the waiting too. */
function untilJob(
  { ledger, signal }: Scene,
  { job: id }: Posted,
  holds: (job: Job) => boolean,
): Promise<void> {
  return until(ledger, signal, ({ jobs }) => {
    const job = jobs.get(id);
    return job !== undefined && (holds(job) || job.phase.name === "ended");
  });
}

async function until(
  ledger: Ledger,
  signal: AbortSignal,
  holds: (state: LedgerState) => boolean,
): Promise<void> {
  while (!holds(ledger.state)) await ledger.changed(ledger.state.count, signal);
}

async function orEnd(running: Running, work: Promise<void>): Promise<void> {
  const ended = running.ended.then(() => {
    throw running.failure();
  });
  // Whichever loses is nobody's business any more.
  ended.catch(() => {});
  work.catch(() => {});
  await Promise.race([work, ended]);
}

function answerIn(folder: string): number {
  const file = join(folder, "outputs", "probabilities.npy");
  if (!existsSync(file)) return Number.NaN;
  const values = f32Values(parseTensorFile(file, readFile(file, "answer")));
  return values.indexOf(Math.max(...values));
}

function moneyOf({ money }: LedgerState, { executors, watcher, requester }: People) {
  return [...executors, watcher, requester].map(({ name, address }) => {
    const total = (money.free.get(address) ?? 0) + (money.stakes.get(address) ?? 0);
    return { name, total };
  });
}

/** Ends all processes, then replays the ledger's log as anybody can who has it. */
async function endAndAudit({ town, book, ledger, signal }: Scene) {
  await town.closeAllButFirst();
  await until(ledger, signal, ({ models }) => {
    return [...models.entries()].every(([, m]) => m.offers.length === 0);
  });
  const followed = stateDigest(nodeHasher, ledger.state);
  await town.close();
  const { state, problem } = await auditLedgerFolder(join(town.folder, "ledger"), book);
  if (problem || !state) throw problem ?? new AssayError("ledger/corrupt", "the log is empty");
  return { state, events: state.count, same: stateDigest(nodeHasher, state) === followed };
}
