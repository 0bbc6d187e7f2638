import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterEach, expect, test } from "vitest";
import { f32Values } from "../../operators/index.js";
import { createMachine } from "../../src/execute/backend.js";
import { readFile } from "../../src/files/disk.js";
import { loadModelAndSkeleton } from "../../src/files/load-model.js";
import { parseTensorFile } from "../../src/files/parse.js";
import { auditLedgerFolder } from "../../src/ledger/audit-folder.js";
import { type LedgerFolder, openLedgerFolder } from "../../src/ledger/folder.js";
import { keepLedger } from "../../src/ledger/keeper.js";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import { Account } from "../../src/service/client/account.js";
import { RemoteLedger } from "../../src/service/client/remote-ledger.js";
import { type ExecutorOptions, serveExecutor } from "../../src/service/executor.js";
import { hostModel } from "../../src/service/hosted-model.js";
import { fetchAnswer } from "../../src/service/job-answer.js";
import { JobStore } from "../../src/service/job-store.js";
import { keepOffers } from "../../src/service/offers.js";
import { awaitJob, postJob, registerModel } from "../../src/service/post-job.js";
import { createLedgerServer } from "../../src/service/server/server.js";
import { serveWatcher } from "../../src/service/watcher.js";
import type { MessageBody, Mode } from "../../src/settlement/messages.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import type { Job, JobDispute, LedgerState } from "../../src/settlement/state.js";
import { stateDigest } from "../../src/settlement/state-digest.js";
import { account, OPERATOR } from "../settlement/world.js";

const fixtures = join(import.meta.dirname, "../../fixtures/digits");
const { drill: DRILL } = JSON.parse(readFileSync(join(fixtures, "digits.json"), "utf8")) as {
  drill: { operator: string; element: number; digit: number };
};
const HOSTED = hostModel(hasher, loadModelAndSkeleton(join(fixtures, "model.onnx")));
const PICTURE = join(fixtures, `digit-${DRILL.digit}.npy`);
const INPUTS = new Map([["image", parseTensorFile(PICTURE, readFile(PICTURE, "digit"))]]);

const PARAMETERS = JSON.stringify({
  windows: { draw: 20_000, commit: 20_000, reveal: 10_000, challenge: 2_500 },
  clock: { perSide: 10_000, extension: 2_000 },
});

const BOND = 100_000;
/** What the honest ones take for a seat at least: a job that pays less is the cheat's alone. */
const HONEST_FEE = 3_000;

/** A ledger behind a real socket; everybody follows it on a connection of their own. */
class Network {
  private readonly stop = new AbortController();
  private readonly tasks: Promise<void>[] = [];
  private readonly followers: RemoteLedger[] = [];
  private constructor(
    readonly folder: string,
    private readonly opened: LedgerFolder,
    private readonly server: FastifyInstance,
  ) {}

  static async open(): Promise<Network> {
    const folder = mkdtempSync(join(tmpdir(), "assay-network-"));
    const book = new RuleBook(hasher);
    const operator = () => OPERATOR.address;
    const options = { book, clock: Date.now, operator, parameters: PARAMETERS };
    const opened = await openLedgerFolder(join(folder, "ledger"), options);
    const server = await createLedgerServer(opened.ledger, { version: "0.0.0-test" });
    await server.listen({ host: "127.0.0.1", port: 0 });
    const network = new Network(folder, opened, server);
    const { beacon } = opened;
    const { signal } = network.stop;
    const onError = (error: unknown) => expect.unreachable(String(error));
    network.tasks.push(keepLedger(opened.ledger, { beacon, signal, onError, interval: 20 }));
    return network;
  }

  /** A follower of its own, and account number n. */
  async join(n: number) {
    const { port } = this.server.server.address() as AddressInfo;
    const book = new RuleBook(hasher);
    const expected = { book, expect: this.opened.ledger.state.id };
    const ledger = await RemoteLedger.connect(`http://127.0.0.1:${port}`, expected);
    this.followers.push(ledger);
    return { ledger, book, account: new Account(ledger, hasher, account(n).key) };
  }

  async agent(n: number) {
    const { signal } = this.stop;
    const models = new Map([[HOSTED.id, HOSTED]]);
    const machine = () => createMachine();
    return { ...(await this.join(n)), hasher, models, machine, signal, log: () => {} };
  }

  async executor(n: number, cheats: boolean): Promise<void> {
    const agent = await this.agent(n);
    const fee = cheats ? 0 : HONEST_FEE;
    const terms = { steps: Number.MAX_SAFE_INTEGER, within: 0, fee };
    const stake = cheats ? 3 * BOND : BOND;
    this.tasks.push(keepOffers({ ...agent, terms, stake, register: false }));
    const corrupt: ExecutorOptions["corrupt"] = ({ plan }) => {
      const node = plan.nodes.findIndex((p) => p.name === DRILL.operator);
      return { node, element: DRILL.element };
    };
    const store = new JobStore(join(this.folder, `executor-${n}`), hasher);
    this.tasks.push(serveExecutor({ ...agent, store, ...(cheats ? { corrupt } : {}) }));
  }

  async watcher(n: number): Promise<void> {
    this.tasks.push(serveWatcher(await this.agent(n)));
  }

  /** Ends all but the folder; yields what everybody followed last. */
  async end(): Promise<LedgerState | undefined> {
    this.stop.abort();
    await Promise.all(this.tasks.splice(0));
    const last = this.followers[0]?.state;
    await Promise.all(this.followers.splice(0).map((f) => f.close()));
    await this.server.close();
    return last;
  }
}

let network: Network | undefined;

afterEach(async () => {
  await network?.end();
  if (network) rmSync(network.folder, { recursive: true, force: true });
  network = undefined;
});

type Joined = Awaited<ReturnType<Network["join"]>>;

async function say({ account: who }: Joined, body: MessageBody): Promise<void> {
  expect(await who.say(body)).toHaveProperty("event");
}

function post(
  { ledger, account: who }: Joined,
  mode: Mode,
  executors: number,
  fee: number,
): Promise<string> {
  const terms = {
    granularity: "layer",
    mode,
    executors,
    fee,
    commitWithin: 10_000,
  } as const;
  return postJob({ ledger, account: who, hasher, hosted: HOSTED, inputs: INPUTS, ...terms });
}

async function until({ ledger }: Joined, holds: (state: LedgerState) => boolean): Promise<void> {
  const { signal } = new AbortController();
  while (!holds(ledger.state)) await ledger.changed(ledger.state.count, signal);
}

function disputesOf({ ledger }: Joined, job: string): JobDispute[] {
  return [...ledger.state.disputes.entries()].map(([, d]) => d).filter((d) => d.job === job);
}

const CHEAT = account(3).address;

test("over real sockets a contest and a watcher convict the executor that lies", async () => {
  network = await Network.open();
  const operator = await network.join(0);
  const requester = await network.join(5);
  for (const [n, amount] of [
    [0, 10_000],
    [1, BOND],
    [2, BOND],
    [3, 3 * BOND],
    [4, 50_000],
    [5, 50_000],
  ] as const) {
    await say(operator, { kind: "deposit", to: account(n).address, amount });
  }
  await registerModel(operator, HOSTED);
  for (const n of [1, 2, 3]) await network.executor(n, n === 3);
  await until(requester, ({ models }) => models.get(HOSTED.id)?.offers.length === 3);

  const replayed = await post(requester, "replayed", 3, 3 * HONEST_FEE);
  const jobIn = (state: LedgerState, id: string) => state.jobs.get(id) as Job;
  await until(requester, (s) => {
    const { contest, disputes } = jobIn(s, replayed);
    return contest.round > 0 && disputes.length === 0;
  });
  expect(disputesOf(requester, replayed)).toMatchObject([
    {
      kind: "match",
      asserter: CHEAT,
      result: {
        kind: "decided",
        outcome: {
          kind: "refuted",
          evidence: {
            operator: { name: DRILL.operator },
            claimed: "0x411266db",
            correct: "0x415266db",
          },
        },
      },
    },
  ]);

  await network.watcher(4);
  const optimistic = await post(requester, "optimistic", 1, HONEST_FEE - 1);
  const { signal } = new AbortController();
  const fell = await awaitJob(requester.ledger, optimistic, signal);
  expect(fell.entries).toMatchObject([{ executor: CHEAT, standing: "refuted" }]);
  expect(fell.phase).toMatchObject({ name: "ended", end: { kind: "all-fell" } });
  expect(disputesOf(requester, optimistic)).toMatchObject([
    { kind: "challenge", challenger: account(4).address, result: { outcome: { kind: "refuted" } } },
  ]);

  const stood = await awaitJob(requester.ledger, replayed, signal);
  expect(stood.phase).toMatchObject({ name: "ended", end: { kind: "answered" } });
  const { ledger, book } = requester;
  const model = ledger.state.models.get(HOSTED.id);
  const { plan } = book.rulesOf(model as NonNullable<typeof model>, stood, ledger.state.parameters);
  const { outputs } = await fetchAnswer(ledger, hasher, stood, plan);
  const values = f32Values(
    outputs.get("probabilities") as NonNullable<ReturnType<typeof outputs.get>>,
  );
  expect(values.indexOf(Math.max(...values))).toBe(DRILL.digit);

  const { count } = ledger.state;
  const seen = stateDigest(hasher, ledger.state);
  expect(count).toBe(operator.ledger.state.count);
  await network.end();
  const audit = await auditLedgerFolder(join(network.folder, "ledger"), new RuleBook(hasher));
  expect(audit.problem).toBeUndefined();
  expect(stateDigest(hasher, audit.state as LedgerState)).toBe(seen);
}, 60_000);
