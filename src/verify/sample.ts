import { AssayError, bytesEqual, type Machine, type Tensor } from "../../operators/index.js";
import { Session, type SessionOptions } from "../execute/session.js";
import { breathe, keepSegments, replaySegment } from "../execute/trace.js";
import { commitKnown } from "../graph/digests.js";
import type { Plan, PlanValue, Segment } from "../graph/plan.js";
import type { Model } from "../graph/types.js";
import type { KnownValue } from "../graph/values.js";
import { type Digest, type Hasher, hashParts } from "../merkle/hash.js";
import { indexedRoot } from "../merkle/indexed-root.js";
import { shuffle } from "../merkle/random.js";
import { commitTensor, verifyTensor } from "../merkle/tensor-tree.js";
import { traceList } from "../merkle/trace.js";
import { isAbsent, receiptDigest, type SignedReceipt } from "../receipt/receipt.js";
import { maskRoot } from "../receipt/salt.js";
import { collectFindings, type Evidence, type Pins, reportOf, saltProblem } from "./check.js";
import type { Findings, FirstDifference, SampleFacts, VerificationReport } from "./report.js";

export interface SampleRequest {
  readonly hasher: Hasher;
  readonly signed: SignedReceipt;
  readonly model: Model;
  readonly evidence: Required<Pick<Evidence, "model" | "plan" | "inputs">> & Evidence;
  readonly pins?: Pins;
  readonly machine: Machine;
  readonly memoryLimit?: number;
  readonly onNeed?: SessionOptions["onNeed"];
  /** Share of the segments to re-execute, above 0 up to 1. */
  readonly share: number;
  /** Public randomness that was fixed after the receipt. */
  readonly beacon: Uint8Array;
  /** What the executor published: without it nothing can be sampled. */
  readonly boundaries?: readonly (readonly Digest[])[];
  readonly kept?: ReadonlyMap<number, Tensor>;
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total: number) => void;
}

/**
 * Re-executes segments drawn from H(beacon ‖ receipt digest), each from the tensors that the
 * executor committed before it. One wrong segment is caught with the stated probability; data
 * withheld or false at a drawn position counts against the executor. Before that the published
 * boundaries must be those of the receipt, and its outputs must follow from the last of them.
 */
export async function sampleRun(request: SampleRequest): Promise<VerificationReport> {
  const { hasher, signed, evidence, pins = {}, boundaries, kept } = request;
  const findings = collectFindings(hasher, signed, pins, evidence);
  const report = (rest: Parameters<typeof reportOf>[5]): VerificationReport =>
    reportOf(hasher, signed, "sample", findings, pins, rest);
  const refuted = (detail: string) => report({ outcome: "refuted", reason: detail });
  const notChecked = (reason: string, sample?: SampleFacts): VerificationReport => {
    findings.skipped("sample", reason);
    return report({ outcome: "could-not-check", reason, ...(sample ? { sample } : {}) });
  };
  const wrong = findings.firstWrong;
  if (wrong) return refuted(wrong.detail);
  if (!boundaries || !kept) {
    return notChecked("a bare receipt holds no boundaries to sample from; give the run folder");
  }
  const problem = saltProblem(hasher, signed, evidence.salt);
  if (problem) return notChecked(problem);
  const root = checkRoots(request, boundaries, findings).firstWrong;
  if (root) return refuted(root.detail);
  const sample = drawSegments(hasher, request, evidence.plan.segments.length);
  let bad: { at: FirstDifference; detail: string } | undefined;
  try {
    bad = await replayDrawn(request, boundaries, kept, sample, findings);
  } catch (error) {
    if (!(error instanceof AssayError) || error.code !== "model/too-large") throw error;
    return notChecked(error.message, sample);
  }
  if (bad) {
    return report({ outcome: "refuted", reason: bad.detail, sample, firstDifference: bad.at });
  }
  return report({ outcome: "verified", reason: sampledReason(sample, pins), sample });
}

function sampledReason({ drawn, segments, probability }: SampleFacts, pins: Pins): string {
  return (
    `${drawn.length} of ${segments} segments were drawn and re-executed, and every bit of them agrees; one wrong segment would have been caught ` +
    `with probability ${(100 * probability).toFixed(1)} %${pins.executor ? "" : "; signer not pinned"}`
  );
}

/** The trace and outputs roots against the published boundaries: costs hashes only. */
function checkRoots(
  { hasher, signed, evidence }: SampleRequest,
  boundaries: readonly (readonly Digest[])[],
  findings: Findings,
): Findings {
  const salt = isAbsent(signed.receipt.salt) ? undefined : evidence.salt;
  const { segments } = evidence.plan;
  const shaped =
    boundaries.length === segments.length &&
    segments.every((s, i) => boundaries[i]?.length === s.live.length);
  const trace = maskRoot(hasher, "trace", traceList(hasher, boundaries).root, salt);
  const published = findings.compare(
    "trace root",
    shaped && bytesEqual(trace, signed.receipt.trace),
    {
      ok: "the published boundaries are those of the receipt",
      wrong: "the published boundaries are not those of the receipt",
    },
  );
  if (!published) return findings;
  const ended = indexedRoot(hasher, "outputs", endedWith(hasher, evidence, boundaries));
  const outputs = maskRoot(hasher, "outputs", ended, salt);
  findings.compare("outputs root", bytesEqual(outputs, signed.receipt.outputs), {
    ok: "the receipt's outputs are what the trace ends with",
    wrong: "the receipt's outputs are not what its own trace ends with",
  });
  return findings;
}

/** Commitment of every graph output: in the last boundary, or known without running anything. */
function endedWith(
  hasher: Hasher,
  { plan, inputs, model }: SampleRequest["evidence"],
  boundaries: readonly (readonly Digest[])[],
): Digest[] {
  const live = plan.segments.at(-1)?.live ?? [];
  const committed = (value: number): Digest => {
    const { origin } = plan.values[value] as PlanValue;
    switch (origin.kind) {
      case "input":
        return commitTensor(hasher, inputs[origin.index] as Tensor);
      case "weight":
        return model.weightCommitments[origin.index] as Digest;
      case "constant":
        return commitKnown(hasher, plan.constants[origin.index] as KnownValue);
      case "node":
        return boundaries.at(-1)?.[live.indexOf(value)] as Digest;
    }
  };
  return plan.outputs.map(({ value }) => committed(value));
}

/** The seed every draw starts from: fixed only once both beacon and receipt are. */
function seedOf(hasher: Hasher, beacon: Uint8Array, signed: SignedReceipt): Digest {
  return hashParts(hasher, beacon, receiptDigest(hasher, signed.receipt));
}

/** ⌈share · segments⌉ distinct segments, ascending. */
export function drawSegments(
  hasher: Hasher,
  { beacon, signed, share }: Pick<SampleRequest, "beacon" | "signed" | "share">,
  segments: number,
): SampleFacts {
  if (!(share > 0 && share <= 1)) {
    throw new AssayError("usage", `the share is above 0 and at most 1, got ${share}`);
  }
  const count = Math.min(segments, Math.ceil(share * segments));
  const drawn = shuffle(hasher, seedOf(hasher, beacon, signed), segments).slice(0, count);
  return { segments, drawn: drawn.sort((a, b) => a - b), probability: count / segments };
}

async function replayDrawn(
  request: SampleRequest,
  boundaries: readonly (readonly Digest[])[],
  kept: ReadonlyMap<number, Tensor>,
  sample: SampleFacts,
  findings: Findings,
): Promise<{ at: FirstDifference; detail: string } | undefined> {
  const { hasher, model, machine, memoryLimit, onNeed, evidence, signal, progress } = request;
  const { plan, inputs } = evidence;
  const session = await Session.open(plan, model.weights, machine, {
    keepUntil: keepSegments(plan),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(onNeed ? { onNeed } : {}),
  });
  try {
    for (const [done, index] of sample.drawn.entries()) {
      signal?.throwIfAborted();
      const at = placeOf(plan, index);
      const withheld = falseData(hasher, plan, index - 1, boundaries, kept);
      if (withheld) {
        findings.wrong(`segment ${index}`, withheld);
        return { at, detail: withheld };
      }
      replaySegment(session, index, inputs, kept);
      const differs = differingOutput(hasher, session, index, boundaries);
      if (differs) {
        const detail = `segment ${index} does not follow from what was committed before it: "${differs}" differs`;
        findings.wrong(`segment ${index}`, detail);
        return { at, detail };
      }
      findings.ok(`segment ${index}`, "re-executed, every committed tensor agrees");
      progress?.(done + 1, sample.drawn.length);
      await breathe();
    }
    return undefined;
  } finally {
    await session.close();
  }
}

function placeOf(plan: Plan, segment: number): FirstDifference {
  const { first, end } = plan.segments[segment] as Segment;
  return { segment, operators: plan.nodes.slice(first, end).map((n) => n.name) };
}

/** Says what is wrong with the published tensors of a boundary, if anything is. */
function falseData(
  hasher: Hasher,
  plan: Plan,
  boundary: number,
  boundaries: readonly (readonly Digest[])[],
  kept: ReadonlyMap<number, Tensor>,
): string | undefined {
  for (const [i, id] of (plan.segments[boundary]?.live ?? []).entries()) {
    const value = plan.values[id] as PlanValue;
    const tensor = kept.get(id);
    if (!tensor) return `the tensor "${value.name}" before a drawn segment is withheld`;
    try {
      verifyTensor(hasher, boundaries[boundary]?.[i] as Digest, value, tensor.bytes);
    } catch (error) {
      if (!(error instanceof AssayError)) throw error;
      return `the tensor "${value.name}" before a drawn segment is not the committed one`;
    }
  }
  return undefined;
}

function differingOutput(
  hasher: Hasher,
  session: Session,
  index: number,
  boundaries: readonly (readonly Digest[])[],
): string | undefined {
  const { plan } = session;
  for (const [i, id] of (plan.segments[index] as Segment).live.entries()) {
    const mine = commitTensor(hasher, session.tensor(id));
    if (!bytesEqual(mine, boundaries[index]?.[i] as Digest)) return plan.values[id]?.name;
  }
  return undefined;
}
