import type { Plan, PlanNode, Segment } from "../graph/plan.js";
import { TILE_BYTES } from "../merkle/geometry.js";
import { ENVELOPE_BYTES, MOVE_BYTES, type MoveKind, OPERATOR_PART } from "./moves.js";
import { MAX_POSTED_BYTES } from "./spans.js";
import { intermediateStages } from "./targets.js";
import { innerValues } from "./values.js";

/** Bytes of a proof in a tree of as many leaves as a run can have. */
const PROOF = 32 * 40;
/** A boundary's header and what a wrong one may be longer (`boundaries.ts`). */
const BODY = 9;

/**
 * Bytes of the longest move of a kind that an honest side may have to make, and at least
 * `MOVE_BYTES`: only a plan with more than about a hundred tensors alive at one place, outputs or
 * weights at one operator, needs more.
 */
export function moveLimit(plan: Plan, kind: MoveKind): number {
  const needed = NEEDED[kind];
  return needed ? Math.max(MOVE_BYTES, ENVELOPE_BYTES + needed(plan)) : MOVE_BYTES;
}

const NEEDED: { readonly [K in MoveKind]?: (plan: Plan) => number } = {
  openInputs: (plan) => 32 * plan.inputs.length,
  openBoundaries: boundaryBytes,
  openSegment: innerBytes,
  openIntermediates: intermediateBytes,
  openOperator: (plan) => OPERATOR_PART + operatorProofs(plan),
  openPath: (plan) =>
    boundaryBytes(plan) +
    innerBytes(plan) +
    intermediateBytes(plan) +
    TILE_BYTES +
    PROOF +
    MAX_POSTED_BYTES,
};

function boundaryBytes({ segments, outputs, inputs, weights }: Plan): number {
  const live = most(segments, (s: Segment) => s.live.length);
  const proofs = 32 * proofLength(Math.max(inputs.length, weights.length)) * outputs.length;
  const leaves = 2 * (BODY + 32 * live + 32 * proofLength(segments.length));
  return leaves + 32 * outputs.length + proofs;
}

function innerBytes(plan: Plan): number {
  return 32 * most(plan.segments, (s) => innerValues(plan, s).length);
}

function intermediateBytes({ nodes }: Plan): number {
  return 32 * most(nodes, (node) => intermediateStages(node).length);
}

function operatorProofs({ nodes, inputs, weights }: Plan): number {
  const longest = proofLength(Math.max(inputs.length, weights.length));
  return 32 * longest * most(nodes, (node: PlanNode) => node.inputs.length);
}

function proofLength(count: number): number {
  return Math.ceil(Math.log2(Math.max(2, count)));
}

function most<T>(list: readonly T[], size: (item: T) => number): number {
  return list.reduce((max, item) => Math.max(max, size(item)), 0);
}
