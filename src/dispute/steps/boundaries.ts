import { commitKnown } from "../../graph/digests.js";
import type { PlanOutput, Segment } from "../../graph/plan.js";
import type { Digest } from "../../merkle/hash.js";
import { indexedRoot } from "../../merkle/indexed-root.js";
import { verifyEntry } from "../../merkle/list.js";
import { ROOT_TAGS } from "../../merkle/tags.js";
import { readSegmentBody, segmentBody, segmentFault } from "../../merkle/trace.js";
import { toHex } from "../../receipt/hex.js";
import type { Evidence } from "../evidence.js";
import type { Body, LeafOpening } from "../moves.js";
import {
  proved,
  readBytes,
  readDigest,
  readDigests,
  readFields,
  readList,
  readProof,
} from "../reading.js";
import { demand } from "../refusals.js";
import type { Boundaries, Phase } from "../state.js";
import { innerValues, nameTensor, originOf, provedValues } from "../values.js";
import { afterSegment } from "./segment.js";
import { verifySource } from "./source.js";
import type { Step, StepContext } from "./step.js";

/**
 * The asserter opens what was alive before and after a segment. Structural faults are seen at once:
 * a leaf that is not the body of its segment, a carried tensor that changed, an output that is not
 * what the run ended with.
 */
export const openBoundaries: Step<"openBoundaries", "openBoundaries"> = (context, phase, move) => {
  const { segment } = phase;
  const last = segment === context.rules.plan.segments.length - 1;
  demand((move.before === null) === (segment === 0), "malformed", "a boundary before, but of none");
  demand((move.outputs === null) === !last, "malformed", "outputs, but of the last segment only");
  const opened = [
    ...(move.before === null ? [] : [{ at: segment - 1, leaf: move.before }]),
    { at: segment, leaf: move.after },
  ];
  const bodies = opened.map(({ at, leaf }) => openLeaf(context, at, leaf));
  const outputs = readOutputs(context, move);
  for (const { at, body } of bodies) {
    const problem = segmentFault(body, at, liveOf(context, at).length);
    if (problem) return refuted({ fault: "malformed-boundary", segment: at, problem });
  }
  const [after, before] = bodies.reverse().map(({ at, body }) => commitmentsOf(context, at, body));
  const boundaries = { segment, before: before ?? [], after: after ?? [] };
  const fault = carriedFault(context, boundaries) ?? outputFault(context, boundaries, outputs);
  return fault ? refuted(fault) : { phase: afterBoundaries(context, boundaries) };
};

const refuted = (evidence: Evidence): { phase: Phase } => {
  return { phase: { name: "ended", outcome: { kind: "refuted", evidence } } };
};

function liveOf({ rules }: StepContext, segment: number): readonly number[] {
  return (rules.plan.segments[segment] as Segment).live;
}

function commitmentsOf(context: StepContext, at: number, body: Uint8Array): string[] {
  return readSegmentBody(body, at, liveOf(context, at).length).map(toHex);
}

/** The body of a leaf of the asserter's trace, whatever it says. */
function openLeaf(context: StepContext, at: number, leaf: LeafOpening) {
  const { rules, claim } = context;
  const what = `boundary ${at}`;
  readFields(leaf, ["body", "proof"], what);
  const body = readBytes(leaf.body, what);
  // A committed leaf of a wrong length convicts, but nobody may make a referee hash without bound.
  const longest = 2 * segmentBody(at, []).length + 64 * liveOf(context, at).length + MARGIN;
  demand(body.length <= longest, "malformed", `${what} has more than ${longest} bytes`);
  const siblings = readProof(leaf.proof, what);
  const root = readDigest(claim.trace, "the trace root");
  const count = rules.plan.segments.length;
  proved("wrong-proof", () =>
    verifyEntry(rules.hasher, ROOT_TAGS.trace, root, count, at, body, siblings),
  );
  return { at, body };
}

/** How much longer than twice its length a wrong leaf may be. */
const MARGIN = 4096;

/** The posted output commitments, proved against the receipt; none where none are due. */
function readOutputs(context: StepContext, move: Body<"openBoundaries">): Digest[] {
  const { rules, claim } = context;
  const { plan, hasher } = rules;
  const values = move.outputs === null ? [] : plan.outputs.map((output) => output.value);
  const outputs = readDigests(move.outputs ?? [], values.length, "outputs");
  if (move.outputs !== null) {
    const root = toHex(indexedRoot(hasher, "outputs", outputs));
    demand(root === claim.outputs, "wrong-outputs", `they make ${root}, not ${claim.outputs}`);
  }
  const direct = values.flatMap((v, i) => (provedValues(plan, [v]).length > 0 ? [i] : []));
  const proofs = readList(move.proofs, direct.length, "proofs");
  direct.forEach((output, i) => {
    const siblings = readProof(proofs[i], `proof ${i}`);
    verifySource(context, values[output] as number, outputs[output] as Digest, siblings);
  });
  return outputs;
}

function carriedFault(context: StepContext, boundaries: Boundaries): Evidence | undefined {
  const { segment, before, after } = boundaries;
  const earlier = segment === 0 ? [] : liveOf(context, segment - 1);
  const earlierHash = new Map(earlier.map((value, i) => [value, before[i]]));
  for (const [i, value] of liveOf(context, segment).entries()) {
    const was = earlierHash.get(value);
    const is = after[i] as string;
    if (was !== undefined && was !== is) {
      const tensor = nameTensor(context.rules.plan, value);
      return { fault: "carried-tensor-changed", segment, tensor, before: was, after: is };
    }
  }
  return undefined;
}

/** Outputs that are inputs or weights are proved when read; these are results and constants. */
function outputFault(
  context: StepContext,
  { segment, after }: Boundaries,
  outputs: readonly Digest[],
): Evidence | undefined {
  const { plan, hasher } = context.rules;
  const ended = new Map(liveOf(context, segment).map((value, i) => [value, after[i]]));
  for (const [output, digest] of outputs.entries()) {
    const { value } = plan.outputs[output] as PlanOutput;
    const origin = originOf(plan, value);
    const claimed = toHex(digest);
    let correct = claimed;
    if (origin.kind === "node") {
      correct = ended.get(value) as string;
    } else if (origin.kind === "constant") {
      const known = plan.constants[origin.index];
      if (known) correct = toHex(commitKnown(hasher, known));
    }
    if (claimed !== correct) {
      const tensor = nameTensor(plan, value);
      return { fault: "output-differs", output, tensor, claimed, correct };
    }
  }
  return undefined;
}

/** A phase whose answer the plan leaves no choice in is skipped. */
function afterBoundaries({ rules }: StepContext, boundaries: Boundaries): Phase {
  const inner = innerValues(rules.plan, rules.plan.segments[boundaries.segment] as Segment);
  if (inner.length > 0) return { name: "openSegment", ...boundaries };
  return afterSegment(rules, { ...boundaries, inner: [] });
}
