import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { AssayError, f32Values, type Machine, type Tensor } from "../../../operators/index.js";
import type { DisputeRecord } from "../../dispute/play.js";
import { createMachine } from "../../execute/backend.js";
import { runFiles } from "../../execute/run-folder.js";
import { runModel } from "../../execute/run-model.js";
import { writeFolderAtomic } from "../../files/disk.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { commitTensor } from "../../merkle/tensor-tree.js";
import { toHex } from "../../receipt/hex.js";
import { KEY_ENTROPY, keyFromEntropy } from "../../receipt/key.js";
import { ADDRESS_SIZE, receiptDigest } from "../../receipt/receipt.js";
import { disputeRuns } from "../../verify/against.js";
import { checkReceipt, type Evidence, type Pins } from "../../verify/check.js";
import { keptRun } from "../../verify/kept-run.js";
import { type OpenedRun, openRun } from "../../verify/open-run.js";
import { interpreterRunner, recomputeWith } from "../../verify/recompute.js";
import { replayRun } from "../../verify/replay.js";
import type { VerificationReport } from "../../verify/report.js";
import { hexOption } from "../options.js";
import type { Stage } from "./stage.js";

export type Executor = "honest" | "cheating";

/** What an executor says, and what it costs to say it. */
export interface RunFacts {
  readonly executor: string;
  readonly answer: number;
  /** Probability of the answer, as the model gives it. */
  readonly sure: number;
  readonly receipt: string;
  readonly receiptBytes: number;
  readonly backend: Machine["name"];
  readonly ms: number;
}

/** Runs the model under a key made for this moment, and writes the run folder. */
export async function act(stage: Stage, who: Executor, signal: AbortSignal): Promise<RunFacts> {
  const machine = createMachine({ backend: stage.backend, threads: 1 });
  const started = performance.now();
  const run = await runModel({
    model: stage.model,
    digest: stage.digest,
    inputs: new Map([["image", stage.picture]]),
    machine,
    hasher: nodeHasher,
    key: keyFromEntropy(new Uint8Array(randomBytes(KEY_ENTROPY))),
    keepBoundaries: true,
    signal,
    ...(who === "cheating" ? { corruption: stage.drill } : {}),
  });
  const ms = performance.now() - started;
  const files = runFiles(run);
  writeFolderAtomic(join(stage.folder, who), files, false);
  const probabilities = f32Values(run.outputs.get("probabilities") as Tensor);
  const answer = probabilities.indexOf(Math.max(...probabilities));
  return {
    executor: toHex(run.signed.receipt.executor),
    answer,
    sure: probabilities[answer] as number,
    receipt: toHex(receiptDigest(nodeHasher, run.signed.receipt)),
    receiptBytes: files.get("receipt.json")?.length ?? 0,
    backend: machine.name,
    ms,
  };
}

export interface ReportFacts extends Pick<VerificationReport, "outcome" | "reason" | "findings"> {
  readonly ms: number;
}

/** Repeats a run of `executor` from its folder and compares every bit. */
export async function replay(
  stage: Stage,
  who: Executor,
  executor: string,
  signal: AbortSignal,
): Promise<ReportFacts> {
  const run = openRun(join(stage.folder, who));
  const started = performance.now();
  const report = await replayRun({
    hasher: nodeHasher,
    signed: run.signed,
    model: stage.model,
    evidence: evidenceOf(stage, run),
    machine: createMachine({ backend: stage.backend, threads: 1 }),
    pins: pinsOf(stage, executor),
    boundaries: run.boundaries(stage.plan),
    signal,
  });
  return factsOf(report, started);
}

/** Looks at the receipt of `executor` without computing anything again. */
export function check(stage: Stage, who: Executor, executor: string): ReportFacts {
  const run = openRun(join(stage.folder, who));
  const started = performance.now();
  const pins = pinsOf(stage, executor);
  return factsOf(checkReceipt(nodeHasher, run.signed, pins, evidenceOf(stage, run)), started);
}

/** The verifier knows which model it asked about, and whom. */
function pinsOf({ digest }: Stage, executor: string): Pins {
  return { model: digest.model, executor: hexOption("executor", executor, ADDRESS_SIZE) };
}

function factsOf({ outcome, reason, findings }: VerificationReport, started: number): ReportFacts {
  return { outcome, reason, findings, ms: performance.now() - started };
}

function evidenceOf(stage: Stage, run: OpenedRun) {
  return {
    model: stage.digest,
    plan: stage.plan,
    inputs: [stage.picture],
    outputs: run.outputs,
  } satisfies Evidence;
}

export interface DisputeFacts {
  readonly atFault: readonly Executor[];
  readonly against: Readonly<Record<Executor, DisputeRecord>>;
  readonly ms: number;
}

/** Each executor defends its run against the other; the referee knows neither. */
export async function dispute(stage: Stage): Promise<DisputeFacts> {
  const [cheating, honest] = [opened(stage, "cheating"), opened(stage, "honest")];
  const started = performance.now();
  const settlement = await disputeRuns({
    hasher: nodeHasher,
    model: stage.model,
    digest: stage.digest,
    plan: stage.plan,
    a: cheating,
    b: honest,
    machine: () => createMachine({ backend: stage.backend, threads: 1 }),
    recompute: recomputeWith(interpreterRunner),
  });
  if (settlement.kind !== "settled") {
    throw new AssayError("run/incomplete", "the two runs do not differ: nothing to dispute");
  }
  const { a, b } = settlement.against;
  return {
    atFault: settlement.atFault.map((side) => (side === "a" ? "cheating" : "honest")),
    against: { cheating: a, honest: b },
    ms: performance.now() - started,
  };
}

function opened(stage: Stage, who: Executor) {
  const run = openRun(join(stage.folder, who));
  const outputs = run.outputs.map((t) => commitTensor(nodeHasher, t));
  return { receipt: run.signed.receipt, run: keptRun(run, stage.model, outputs) };
}
