import type { Plan, PlanNode, Segment } from "../graph/plan.js";
import { TILE_BYTES } from "../merkle/geometry.js";
import { ENVELOPE_BYTES, MOVE_BYTES, type MoveKind, OPERATOR_PART } from "./moves.js";
import type { Rules } from "./rules.js";
import { foldSteps, isStretch, spanEnds } from "./spans.js";
import type { Path } from "./state.js";
import { insideCount, programOf } from "./targets.js";
import { innerValues } from "./values.js";
import { wordBytes } from "./words.js";

/** Bytes of a proof in a tree of as many leaves as a run can have. */
const PROOF = 32 * 40;
/** A boundary's header. */
const HEADER = 9;
/** A kind of answer in a path takes a byte. */
const ANSWERS = 4;

type Known = Pick<Rules, "plan" | "budget">;

/**
 * Bytes of the longest move of a kind that an honest side may have to make, and at least
 * `MOVE_BYTES`: only a plan with more than about a hundred tensors alive at one place, outputs or
 * weights at one operator, needs more.
 */
export function moveLimit({ plan }: Known, kind: MoveKind): number {
  const needed = NEEDED[kind];
  return needed ? Math.max(MOVE_BYTES, ENVELOPE_BYTES + needed(plan)) : MOVE_BYTES;
}

const NEEDED: { readonly [K in MoveKind]?: (plan: Plan) => number } = {
  openInputs: (plan) => 32 * plan.inputs.length,
  openBoundaries: (plan) => most(segmentsOf(plan), (s) => boundaryBytes(plan, s)),
  openSegment: (plan) => most(segmentsOf(plan), (s) => innerBytes(plan, s)),
  openIntermediates: ({ nodes }) => most(nodes, insideBytes),
  openOperator: (plan) => OPERATOR_PART + operatorProofs(plan),
  openPath: (plan) => {
    const inside = most(plan.nodes, insideBytes);
    return most(segmentsOf(plan), (s) => boundaryBytes(plan, s) + innerBytes(plan, s)) + inside;
  },
};

/**
 * Whether the answer to a path goes on to the states at the ends of the first spans: where there is a
 * fold to cut, and all of it is no longer than a move may be.
 */
export function pathHoldsPartials({ plan, budget }: Known, path: Path): boolean {
  if (path.target === null) return false;
  const node = plan.nodes[path.node] as PlanNode;
  const program = programOf(node, path.target);
  const to = foldSteps(program);
  if (isStretch(budget, program, 0, to)) return false;
  const states = wordBytes(program.init) * (spanEnds(budget, program, 0, to).length - 1);
  const way = boundaryBytes(plan, path.segment) + innerBytes(plan, path.segment);
  const claim = TILE_BYTES + 2 * PROOF;
  return ENVELOPE_BYTES + way + insideBytes(node) + claim + states <= MOVE_BYTES;
}

/** What `openBoundaries` says about a segment. */
function boundaryBytes({ segments, outputs, inputs, weights }: Plan, segment: number): number {
  const leaf = (s: number): number => {
    const live = (segments[s] as Segment).live.length;
    return HEADER + 32 * live + 32 * proofLength(segments.length);
  };
  const leaves = leaf(segment) + (segment === 0 ? 0 : leaf(segment - 1));
  const last = segment === segments.length - 1;
  const proofs = 32 * proofLength(Math.max(inputs.length, weights.length));
  return ANSWERS + leaves + (last ? outputs.length * (32 + proofs) : 0);
}

function segmentsOf({ segments }: Plan): number[] {
  return segments.map((_, s) => s);
}

function innerBytes(plan: Plan, segment: number): number {
  return 32 * innerValues(plan, plan.segments[segment] as Segment).length;
}

function insideBytes(node: PlanNode): number {
  return 32 * insideCount(node);
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
