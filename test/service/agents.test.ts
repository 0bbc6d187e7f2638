import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Tensor } from "../../operators/index.js";
import { createMachine } from "../../src/execute/backend.js";
import { readFile } from "../../src/files/disk.js";
import { loadModelAndSkeleton } from "../../src/files/load-model.js";
import { parseTensorFile } from "../../src/files/parse.js";
import { type LedgerFolder, openLedgerFolder } from "../../src/ledger/folder.js";
import { keepLedger } from "../../src/ledger/keeper.js";
import { signUpload } from "../../src/ledger/upload.js";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import { toHex } from "../../src/receipt/hex.js";
import { receiptBytes } from "../../src/receipt/receipt.js";
import type { Agent, LogEntry, Speaker } from "../../src/service/agent.js";
import { Account } from "../../src/service/client/account.js";
import { type ExecutorOptions, serveExecutor } from "../../src/service/executor.js";
import { type HostedModel, hostModel, jobInputs, runJob } from "../../src/service/hosted-model.js";
import { JobStore } from "../../src/service/job-store.js";
import { awaitJob, postJob, registerModel } from "../../src/service/post-job.js";
import { serveWatcher } from "../../src/service/watcher.js";
import { held, stake } from "../../src/settlement/money.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import type { Job } from "../../src/settlement/state.js";
import { modelOf } from "../../src/settlement/step.js";
import { sealOf } from "../../src/settlement/steps/results.js";
import { account, OPERATOR } from "../settlement/world.js";

const fixtures = join(import.meta.dirname, "../../fixtures/digits");

/** Takes every job. */
const OFFER = { steps: Number.MAX_SAFE_INTEGER, within: 0, fee: 0 };

/** A lie that changes what the model answers. */
const { drill: DRILL } = JSON.parse(readFileSync(join(fixtures, "digits.json"), "utf8")) as {
  drill: { operator: string; element: number; digit: number };
};

const PARAMETERS = JSON.stringify({
  windows: { draw: 20_000, commit: 20_000, reveal: 5_000, challenge: 1_500 },
  clock: { perSide: 5_000, extension: 1_000 },
});

class Town {
  readonly stop = new AbortController();
  readonly log: LogEntry[] = [];
  readonly tasks: Promise<void>[] = [];

  private constructor(
    readonly folder: string,
    readonly opened: LedgerFolder,
    readonly hosted: HostedModel,
  ) {}

  static async open(): Promise<Town> {
    const folder = mkdtempSync(join(tmpdir(), "assay-agents-"));
    const opened = await openLedgerFolder(join(folder, "ledger"), {
      book: new RuleBook(hasher),
      clock: Date.now,
      operator: () => OPERATOR.address,
      parameters: PARAMETERS,
    });
    const hosted = hostModel(hasher, loadModelAndSkeleton(join(fixtures, "model.onnx")));
    const town = new Town(folder, opened, hosted);
    const { signal } = town.stop;
    const onError = (error: unknown) => {
      throw error;
    };
    const { beacon } = opened;
    town.tasks.push(keepLedger(opened.ledger, { beacon, signal, onError, interval: 10 }));
    return town;
  }

  async fund(who: ReturnType<typeof account>, free: number, staked = 0): Promise<Speaker> {
    const amount = free + staked;
    const operator = new Account(this.opened.ledger, hasher, OPERATOR.key);
    const given = await operator.say({ kind: "deposit", to: who.address, amount });
    expect(given).toHaveProperty("event");
    const said = new Account(this.opened.ledger, hasher, who.key);
    if (staked > 0) await said.say({ kind: "stake", amount: staked });
    return said;
  }

  agent(account: Speaker): Agent {
    return {
      ledger: this.opened.ledger,
      account,
      hasher,
      book: new RuleBook(hasher),
      models: new Map([[this.hosted.id, this.hosted]]),
      machine: () => createMachine(),
      signal: this.stop.signal,
      log: (entry) => void this.log.push(entry),
    };
  }

  async executor(n: number, cheats = false): Promise<Speaker> {
    const who = await this.fund(account(n), 0, 200_000);
    expect(await who.say({ kind: "enroll", model: this.hosted.id, ...OFFER })).toHaveProperty(
      "event",
    );
    const store = new JobStore(join(this.folder, `executor-${n}`), hasher);
    const options = { ...this.agent(who), store };
    const corrupt: ExecutorOptions["corrupt"] = ({ plan }) => {
      return {
        node: plan.nodes.findIndex((n) => n.name === DRILL.operator),
        element: DRILL.element,
      };
    };
    this.tasks.push(serveExecutor(cheats ? { ...options, corrupt } : options));
    return who;
  }

  async close(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.tasks);
    await this.opened.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let town: Town | undefined;

afterEach(async () => {
  await town?.close();
  town = undefined;
});

async function post(requester: Speaker, mode: "replayed" | "optimistic", executors: number) {
  const { opened, hosted } = town as Town;
  const file = join(fixtures, `digit-${DRILL.digit}.npy`);
  const inputs = new Map([["image", parseTensorFile(file, readFile(file, "digit"))]]);
  return postJob({
    ledger: opened.ledger,
    account: requester,
    hasher,
    hosted,
    inputs,
    granularity: "layer",
    mode,
    executors,
    fee: 9_000,
    commitWithin: 10_000,
  });
}

describe("agents on a ledger in one process", () => {
  test("of three executors the one that cheats is convicted in the contest", async () => {
    town = await Town.open();
    const { ledger } = town.opened;
    const requester = await town.fund(account(50), 100_000);
    await registerModel({ ledger, account: requester }, town.hosted);
    await town.executor(1);
    await town.executor(2);
    const cheat = await town.executor(3, true);
    const job = await post(requester, "replayed", 3);
    const ended = await awaitJob(ledger, job, town.stop.signal);
    expect(ended.phase).toMatchObject({ end: { kind: "answered" } });
    const fallen = ended.entries.find((e) => e.executor === cheat.address);
    expect(fallen?.standing).toBe("refuted");
    expect(ended.entries.filter((e) => e.standing === "standing")).toHaveLength(2);
    expect(held(ledger.state.money, stake(cheat.address))).toBe(100_000);
  });

  test("a watcher challenges the only executor where it cheats, and lets it alone where not", async () => {
    town = await Town.open();
    const { ledger } = town.opened;
    const requester = await town.fund(account(50), 100_000);
    await registerModel({ ledger, account: requester }, town.hosted);
    const cheat = await town.executor(3, true);
    const watcher = await town.fund(account(60), 100_000);
    town.tasks.push(serveWatcher(town.agent(watcher)));
    const wrong = await awaitJob(ledger, await post(requester, "optimistic", 1), town.stop.signal);
    expect(wrong.phase).toMatchObject({ end: { kind: "all-fell" } });
    expect(wrong.entries[0]).toMatchObject({ executor: cheat.address, standing: "refuted" });
    expect(await cheat.say({ kind: "leave", model: town.hosted.id })).toHaveProperty("event");
    await town.executor(1);
    const right = await awaitJob(ledger, await post(requester, "optimistic", 1), town.stop.signal);
    expect(right.phase).toMatchObject({ end: { kind: "answered" } });
  });

  test("a receipt is revealed only with the outputs that it commits to", async () => {
    town = await Town.open();
    const { ledger } = town.opened;
    const requester = await town.fund(account(50), 100_000);
    await registerModel({ ledger, account: requester }, town.hosted);
    const who = await town.fund(account(1), 0, 200_000);
    await who.say({ kind: "enroll", model: town.hosted.id, ...OFFER });
    const id = await post(requester, "optimistic", 1);
    while (ledger.state.jobs.get(id)?.phase.name !== "committing") {
      await ledger.changed(ledger.state.count, town.stop.signal);
    }
    const job = ledger.state.jobs.get(id) as Job;
    const { hosted, stop } = town;
    const inputs = await jobInputs(ledger, hasher, job);
    const { key } = who;
    const { plan } = new RuleBook(hasher).rulesOf(
      modelOf(ledger.state, job.model),
      job,
      ledger.state.parameters,
    );
    const base = { hosted, job, plan, inputs, hasher, key, signal: stop.signal };
    const run = await runJob({ ...base, machine: createMachine() });
    const nonce = new Uint8Array(32).fill(1);
    const sealed = sealOf(hasher, run.signed.receipt, nonce);
    expect(await who.say({ kind: "commit", job: id, sealed })).toHaveProperty("event");
    const right = (run.outputs.get("probabilities") as Tensor).bytes;
    const wrong = right.map((b, i) => (i === 0 ? b ^ 1 : b));
    const reveal = (outputs: Uint8Array) =>
      who.say({
        kind: "reveal",
        job: id,
        receipt: toHex(receiptBytes(run.signed.receipt)),
        signature: toHex(run.signed.signature),
        nonce: toHex(nonce),
        outputs: toHex(hasher.hash(outputs)),
      });
    const keep = (bytes: Uint8Array) =>
      ledger.upload(signUpload(hasher, ledger.state.id, who.address, bytes, key));
    expect(await reveal(right)).toMatchObject({ refusal: { code: "missing-blob" } });
    for (const bytes of [wrong, right.slice(4)]) {
      await keep(bytes);
      expect(await reveal(bytes)).toMatchObject({ refusal: { code: "wrong-blob" } });
    }
    await keep(right);
    expect(await reveal(right)).toHaveProperty("event");
  });
});
