import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WasmMachine } from "../operators/backends/wasm/machine/index.js";
import type { Tensor } from "../operators/index.js";
import { HonestAsserter } from "../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../src/dispute/honest-challenger.js";
import type { Party } from "../src/dispute/party.js";
import { moverOf } from "../src/dispute/transition.js";
import { type Run, runModel } from "../src/execute/run-model.js";
import { readFile } from "../src/files/disk.js";
import { loadModelAndSkeleton } from "../src/files/load-model.js";
import { parseTensorFile } from "../src/files/parse.js";
import { signUpload } from "../src/ledger/upload.js";
import { concat } from "../src/merkle/hash.js";
import { nodeHasher as hasher } from "../src/merkle/node-hash.js";
import { commitTensor } from "../src/merkle/tensor-tree.js";
import { fromHex, toHex } from "../src/receipt/hex.js";
import { addressOf } from "../src/receipt/key.js";
import { type Receipt, receiptBytes } from "../src/receipt/receipt.js";
import { signReceipt } from "../src/receipt/sign.js";
import { RemoteLedger } from "../src/service/client/remote-ledger.js";
import { type HostedModel, hostModel } from "../src/service/hosted-model.js";
import type { Message, MessageBody } from "../src/settlement/messages.js";
import { RuleBook } from "../src/settlement/rule-book.js";
import { signMessage } from "../src/settlement/sign-message.js";
import type { Id, Job, JobDispute } from "../src/settlement/state.js";
import { modelOf } from "../src/settlement/step.js";
import { sealOf } from "../src/settlement/steps/results.js";
import { moveToJson } from "../src/settlement/wire.js";
import { recomputeWith, wasmRunner } from "../src/verify/recompute.js";
import { keptRunOf, RunProvider } from "../src/verify/run-provider.js";

/** Many disputes at once over HTTP: every executor of a job lies, and is challenged. */

const HOUR = 3600_000;
const PARAMETERS = JSON.stringify({
  windows: { draw: HOUR, commit: HOUR, reveal: HOUR, challenge: HOUR },
});
const NONCE = new Uint8Array(32).fill(1);

interface Account {
  readonly key: Uint8Array;
  readonly address: Id;
}

function account(n: number): Account {
  const key = new Uint8Array(32);
  new DataView(key.buffer).setUint32(28, n + 1);
  return { key, address: toHex(addressOf(key)) };
}

export interface LoadFigures {
  readonly disputes: number;
  readonly moves: number;
  readonly convicted: number;
  readonly seconds: number;
  /** From sending a move to knowing that it is durable, in milliseconds, ascending. */
  readonly latencies: readonly number[];
  /** Of the ledger's process, in bytes: before the disputes, and at most during them. */
  readonly memoryBefore: number;
  readonly memoryMost: number;
}

/** The ledger in a process of its own, with what it tells about itself. */
class Server {
  most = 0;
  last = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    child.on("message", (told: { rss?: number }) => {
      this.last = told.rss ?? this.last;
      this.most = Math.max(this.most, this.last);
    });
  }

  static async start(folder: string, operator: Id): Promise<Server> {
    const runner = join(import.meta.dirname, "runners/ledger-server.ts");
    const child = fork(runner, [folder, operator, PARAMETERS], { execArgv: ["--import", "tsx"] });
    const port = await new Promise<number>((resolve, reject) => {
      child.once("message", (told: { port: number }) => resolve(told.port));
      child.once("exit", (code) => reject(new Error(`the ledger ended with ${code}`)));
    });
    return new Server(child, `http://127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    await ended;
  }
}

export async function ledgerLoad(
  disputes: number,
  progress: (text: string) => void,
): Promise<LoadFigures> {
  const folder = mkdtempSync(join(tmpdir(), "assay-load-"));
  const operator = account(0);
  const server = await Server.start(join(folder, "ledger"), operator.address);
  const stop = new AbortController();
  try {
    const book = new RuleBook(hasher, recomputeWith(wasmRunner()));
    const ledger = await RemoteLedger.connect(server.url, { book, signal: stop.signal });
    const load = new Load(ledger, book, disputes);
    progress(`ledger: ${disputes} executors commit and reveal`);
    const job = await load.prepare();
    const memoryBefore = server.last;
    progress(`ledger: ${disputes} disputes at once`);
    const played = await load.play(job);
    return { ...played, memoryBefore, memoryMost: server.most };
  } finally {
    stop.abort();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Load {
  private readonly hosted: HostedModel;
  private readonly input: Tensor;
  private readonly drill: { readonly operator: string; readonly element: number };
  private readonly executors: readonly Account[];
  private readonly challenger: Account;
  private readonly runs = new Map<"right" | "wrong", Run>();

  constructor(
    private readonly ledger: RemoteLedger,
    private readonly book: RuleBook,
    disputes: number,
  ) {
    const fixtures = join(import.meta.dirname, "../fixtures/digits");
    this.hosted = hostModel(hasher, loadModelAndSkeleton(join(fixtures, "model.onnx")));
    const { drill } = JSON.parse(readFileSync(join(fixtures, "digits.json"), "utf8"));
    this.drill = drill;
    const file = join(fixtures, `digit-${drill.digit}.npy`);
    this.input = parseTensorFile(file, readFile(file, "digit"));
    this.executors = Array.from({ length: disputes }, (_, i) => account(10 + i));
    this.challenger = account(1);
  }

  /** Everything up to the challenges: one job whose executors all tell the same lie. */
  async prepare(): Promise<Job> {
    const { executors, challenger, hosted } = this;
    const operator = account(0);
    const offer = { model: hosted.id, steps: Number.MAX_SAFE_INTEGER, within: 0, fee: 0 };
    await this.say(operator, { kind: "deposit", to: operator.address, amount: 10_000_000 });
    for (const { address } of [challenger, ...executors]) {
      await this.say(operator, { kind: "deposit", to: address, amount: 100_000_000 });
    }
    const { skeleton, absent } = hosted;
    const commitments = absent.map(toHex);
    await this.say(operator, { kind: "register", skeleton: toHex(skeleton), commitments });
    await Promise.all(
      executors.map(async (who) => {
        await this.say(who, { kind: "stake", amount: 200_000 });
        await this.say(who, { kind: "enroll", ...offer });
      }),
    );
    await this.post(operator);
    const job = await this.phase("committing");
    await this.run(job);
    const receipts = executors.map((who) => this.receiptOf(job, who));
    await Promise.all(
      executors.map((who, i) => {
        const sealed = sealOf(hasher, receipts[i] as Receipt, NONCE);
        return this.say(who, { kind: "commit", job: job.id, sealed });
      }),
    );
    await this.phase("revealing");
    const outputs = await this.uploadOutputs();
    await Promise.all(
      executors.map((who, i) => this.reveal(job, who, receipts[i] as Receipt, outputs)),
    );
    return this.phase("challengeable");
  }

  async play(job: Job): Promise<Omit<LoadFigures, "memoryBefore" | "memoryMost">> {
    const rules = this.book.rulesOf(
      modelOf(this.ledger.state, job.model),
      job,
      this.ledger.state.parameters,
    );
    const provider = (which: "right" | "wrong") => {
      const { model, digest } = this.hosted;
      const kept = keptRunOf(this.runs.get(which) as Run);
      return new RunProvider(kept, model, digest, hasher, new WasmMachine());
    };
    const parties = {
      asserter: new HonestAsserter(rules, provider("wrong")),
      challenger: new HonestChallenger(rules, provider("right")),
    };
    const started = performance.now();
    for (const { address } of this.executors) {
      await this.say(this.challenger, { kind: "challenge", job: job.id, executor: address });
    }
    const latencies: number[] = [];
    const total = this.ledger.state.openDisputes.length;
    while (this.ledger.state.openDisputes.length > 0) {
      const open = this.ledger.state.openDisputes.map(
        (id) => this.ledger.state.disputes.get(id) as JobDispute,
      );
      await this.moveAll(open, parties, latencies);
    }
    const seconds = (performance.now() - started) / 1000;
    const ended = this.ledger.state.jobs.get(job.id) as Job;
    const convicted = ended.entries.filter((e) => e.standing === "refuted").length;
    latencies.sort((a, b) => a - b);
    return { disputes: total, moves: latencies.length, convicted, seconds, latencies };
  }

  /** One move in every open dispute; those of one account one after another, as its numbers ask. */
  private async moveAll(
    open: readonly JobDispute[],
    parties: Readonly<Record<"asserter" | "challenger", Party>>,
    latencies: number[],
  ): Promise<void> {
    const bySender = new Map<Id, (() => Promise<void>)[]>();
    for (const dispute of open) {
      const side = moverOf(dispute.state);
      if (!side) continue;
      const move = await parties[side].respond(dispute.state);
      if (!move) throw new Error(`the ${side} has nothing to say`);
      const body = { kind: "move", dispute: dispute.id, move: moveToJson(move) } as const;
      const who = this.accountOf(dispute[side]);
      const send = async (): Promise<void> => {
        const at = performance.now();
        await this.say(who, body);
        latencies.push(performance.now() - at);
      };
      bySender.set(who.address, [...(bySender.get(who.address) ?? []), send]);
    }
    await Promise.all(
      [...bySender.values()].map(async (sends) => {
        for (const send of sends) await send();
      }),
    );
  }

  private accountOf(address: Id): Account {
    const all = [this.challenger, ...this.executors];
    return all.find((a) => a.address === address) as Account;
  }

  private async say(who: Account, body: MessageBody): Promise<void> {
    const { state } = this.ledger;
    const sequence = state.sequences.get(who.address) ?? 0;
    const message = { ledger: state.id, sender: who.address, sequence, ...body } as Message;
    const said = await this.ledger.submit(signMessage(hasher, message, who.key));
    if ("refusal" in said) throw new Error(`${body.kind}: ${said.refusal.message}`);
  }

  private async post(who: Account): Promise<void> {
    const { dtype, dims, bytes } = this.input;
    const { state } = this.ledger;
    await this.ledger.upload(signUpload(hasher, state.id, who.address, bytes, who.key));
    const name = this.hosted.model.graph.inputs[0]?.name as string;
    const commitment = toHex(commitTensor(hasher, this.input));
    const blob = toHex(hasher.hash(bytes));
    await this.say(who, {
      kind: "post",
      model: this.hosted.id,
      granularity: "layer",
      inputs: [{ name, dtype, dims, commitment, value: null, blob }],
      mode: "optimistic",
      executors: this.executors.length,
      fee: 1_000_000,
      commitWithin: HOUR,
    });
  }

  private async phase(name: Job["phase"]["name"]): Promise<Job> {
    for (;;) {
      const { count, openJobs, jobs } = this.ledger.state;
      const job = jobs.get(openJobs[0] as Id);
      if (job?.phase.name === name) return job;
      await this.ledger.changed(count, AbortSignal.timeout(60_000));
    }
  }

  private async run(job: Job): Promise<void> {
    const { model, digest } = this.hosted;
    const name = model.graph.inputs[0]?.name as string;
    const key = account(0).key;
    const request = { model, digest, hasher, key, inputs: new Map([[name, this.input]]) };
    const context = fromHex(job.context);
    const right = { ...request, context, keepBoundaries: true };
    const made = await runModel({ ...right, machine: new WasmMachine() });
    const node = made.plan.nodes.findIndex((n) => n.name === this.drill.operator);
    const corruption = { node, element: this.drill.element };
    this.runs.set("right", made);
    this.runs.set("wrong", await runModel({ ...right, corruption, machine: new WasmMachine() }));
  }

  /** The bytes of the lie that all tell, kept once. */
  private async uploadOutputs(): Promise<Id> {
    const { key, address } = account(0);
    const { outputs } = this.runs.get("wrong") as Run;
    const bytes = concat(...[...outputs.values()].map((t) => t.bytes));
    await this.ledger.upload(signUpload(hasher, this.ledger.state.id, address, bytes, key));
    return toHex(hasher.hash(bytes));
  }

  private receiptOf(job: Job, who: Account): Receipt {
    const { receipt } = (this.runs.get("wrong") as Run).signed;
    return { ...receipt, context: fromHex(job.context), executor: fromHex(who.address) };
  }

  private async reveal(job: Job, who: Account, receipt: Receipt, outputs: Id): Promise<void> {
    const { signature } = signReceipt(hasher, receipt, who.key);
    await this.say(who, {
      kind: "reveal",
      job: job.id,
      receipt: toHex(receiptBytes(receipt)),
      signature: toHex(signature),
      nonce: toHex(NONCE),
      outputs,
    });
  }
}
