import { AssayError, bytesEqual, type Machine, type Tensor } from "../../operators/index.js";
import { traceRoots } from "../execute/run-model.js";
import { Session, type SessionOptions } from "../execute/session.js";
import { type Trace, type TraceOptions, traceRun } from "../execute/trace.js";
import type { Plan, Segment } from "../graph/plan.js";
import type { Model } from "../graph/types.js";
import type { Hasher } from "../merkle/hash.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { traceList } from "../merkle/trace.js";
import type { SignedReceipt } from "../receipt/receipt.js";
import { isAbsent } from "../receipt/receipt.js";
import { maskRoot } from "../receipt/salt.js";
import { collectFindings, type Evidence, type Pins, reportOf, saltProblem } from "./check.js";
import type { Findings, FirstDifference, VerificationReport } from "./report.js";

export interface ReplayRequest
  extends Pick<TraceOptions, "signal" | "progress" | "measure" | "hashThread"> {
  readonly hasher: Hasher;
  readonly signed: SignedReceipt;
  readonly model: Model;
  readonly evidence: Required<Pick<Evidence, "model" | "plan" | "inputs">> & Evidence;
  readonly pins?: Pins;
  readonly machine: Machine;
  readonly memoryLimit?: number;
  readonly onNeed?: SessionOptions["onNeed"];
  /** The executor's boundary commitments, where known: they show where the runs part. */
  readonly boundaries?: readonly (readonly Uint8Array[])[];
}

/** Re-executes the whole run and compares every root: finds any difference, exactly. */
export async function replayRun(request: ReplayRequest): Promise<VerificationReport> {
  const { hasher, signed, evidence, pins = {} } = request;
  const findings = collectFindings(hasher, signed, pins, evidence);
  const wrong = findings.firstWrong;
  if (wrong) {
    return reportOf(hasher, signed, "replay", findings, pins, {
      outcome: "refuted",
      reason: wrong.detail,
    });
  }
  const unmaskable = saltProblem(hasher, signed, evidence.salt);
  if (unmaskable) return notChecked(request, findings, unmaskable);
  let trace: Trace;
  try {
    trace = await retrace(request, evidence.inputs, evidence.plan);
  } catch (error) {
    if (!(error instanceof AssayError) || error.code !== "model/too-large") throw error;
    return notChecked(request, findings, error.message);
  }
  return compareTrace(request, findings, trace);
}

function notChecked(request: ReplayRequest, findings: Findings, reason: string) {
  findings.skipped("replay", reason);
  const { hasher, signed, pins = {} } = request;
  return reportOf(hasher, signed, "replay", findings, pins, { outcome: "could-not-check", reason });
}

async function retrace(
  {
    model,
    machine,
    hasher,
    memoryLimit,
    onNeed,
    signal,
    progress,
    measure,
    hashThread,
  }: ReplayRequest,
  inputs: readonly Tensor[],
  plan: Plan,
): Promise<Trace> {
  const session = await Session.open(plan, model.weights, machine, {
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(onNeed ? { onNeed } : {}),
  });
  try {
    return await traceRun(session, inputs, (t) => commitTensor(hasher, t), {
      ...(signal ? { signal } : {}),
      ...(progress ? { progress } : {}),
      ...(measure ? { measure } : {}),
      hashThread,
    });
  } finally {
    await session.close();
  }
}

function compareTrace(
  request: ReplayRequest,
  findings: Findings,
  trace: Trace,
): VerificationReport {
  const { hasher, signed, pins = {}, evidence } = request;
  const roots = traceRoots(hasher, trace);
  const salt = isAbsent(signed.receipt.salt) ? undefined : evidence.salt;
  for (const kind of ["inputs", "trace", "outputs"] as const) {
    const mine = maskRoot(hasher, kind, roots[kind], salt);
    findings.compare(`${kind} root`, bytesEqual(mine, signed.receipt[kind]), {
      ok: `re-execution gives the receipt's ${kind} root`,
      wrong: `re-execution gives another ${kind} root than the receipt's`,
    });
  }
  const wrong = findings.firstWrong;
  if (!wrong) {
    return reportOf(hasher, signed, "replay", findings, pins, {
      outcome: "verified",
      reason: `the whole run was re-executed and every bit agrees${
        pins.executor ? "" : "; signer not pinned"
      }`,
    });
  }
  const theirs = committedBoundaries(request, salt);
  const where = theirs && firstDifference(evidence.plan, trace.boundaries, theirs);
  return reportOf(hasher, signed, "replay", findings, pins, {
    outcome: "refuted",
    reason: where ? `${wrong.detail}; the runs part in segment ${where.segment}` : wrong.detail,
    ...(where ? { firstDifference: where } : {}),
  });
}

/** The published boundaries, if they are those of the receipt: others show nothing about it. */
function committedBoundaries(
  { hasher, signed, boundaries }: ReplayRequest,
  salt: Uint8Array | undefined,
): ReplayRequest["boundaries"] {
  if (!boundaries) return undefined;
  const root = maskRoot(hasher, "trace", traceList(hasher, boundaries).root, salt);
  return bytesEqual(root, signed.receipt.trace) ? boundaries : undefined;
}

/** The first segment after which two traces differ. */
export function firstDifference(
  plan: Plan,
  mine: readonly (readonly Uint8Array[])[],
  theirs: readonly (readonly Uint8Array[])[],
): FirstDifference | undefined {
  const at = mine.findIndex((live, i) =>
    live.some((hash, j) => !bytesEqual(hash, theirs[i]?.[j] ?? new Uint8Array(0))),
  );
  if (at < 0) return undefined;
  const { first, end } = plan.segments[at] as Segment;
  return { segment: at, operators: plan.nodes.slice(first, end).map((n) => n.name) };
}
