import { bytesEqual, elementCount } from "../../../operators/index.js";
import { fitsBudget, nodeCost } from "../../graph/cost.js";
import type { PlanNode } from "../../graph/plan.js";
import { tensorGeometry, tileElements } from "../../merkle/geometry.js";
import { tileHash } from "../../merkle/tensor-tree.js";
import { toHex } from "../../receipt/hex.js";
import { readDigest, readDigests, readIndex } from "../reading.js";
import { demand } from "../refusals.js";
import type { Rules } from "../rules.js";
import { foldSteps, isStretch } from "../spans.js";
import type { OpenedOperator, OpenedSegment, Phase, Stretch, Targeted } from "../state.js";
import { insideCount, programOf, sliceCount, type Target, targetOf } from "../targets.js";
import type { Step } from "./step.js";
import { improperTile, readTileBytes, refuted, tensorPhase } from "./tile.js";

/** From an operator that is too large for the referee to one element of one of its results. */

type Known = Pick<Rules, "plan" | "budget">;

/** Whether the referee recomputes an operator whole: decided by the rules, never by a party. */
export function isRecomputedWhole({ plan, budget }: Known, node: number): boolean {
  return fitsBudget(nodeCost(plan, plan.nodes[node] as PlanNode), budget.whole);
}

/** Where an operator goes once it is named. */
export function afterOperator(rules: Known, opened: OpenedSegment, node: number): Phase {
  const { segment, before, after, inner } = opened;
  const known = { segment, before, after, inner };
  if (isRecomputedWhole(rules, node)) return { name: "openOperator", node, shown: "0x", ...known };
  if (insideCount(rules.plan.nodes[node] as PlanNode) > 0) {
    return { name: "openIntermediates", node, ...known };
  }
  return { name: "locateElement", operator: { node, intermediates: [], ...known } };
}

/** The asserter commits to what the operator computed on the way. */
export const openIntermediates: Step<"openIntermediates", "openIntermediates"> = (
  { rules },
  { name: _, ...opened },
  move,
) => {
  const node = rules.plan.nodes[opened.node] as PlanNode;
  readDigests(move.commitments, insideCount(node), "intermediates");
  const operator: OpenedOperator = { ...opened, intermediates: [...move.commitments] };
  return { phase: { name: "locateElement", operator } };
};

/** The challenger names an element whose value it knows to be wrong. */
export const nameElement: Step<"locateElement", "nameElement"> = (
  { rules },
  { operator },
  move,
) => {
  const node = rules.plan.nodes[operator.node] as PlanNode;
  const element = requireElement(node, move.target, move.element);
  return { phase: elementPhase(rules, { operator, target: move.target }, element, null) };
};

/** Refuses a target that the operator does not have, or an element that the target does not. */
export function requireElement(node: PlanNode, target: unknown, element: unknown): number {
  return readIndex(element, 0, elementCount(readTarget(node, target).type.dims), "element");
}

function readTarget(node: PlanNode, target: unknown): Target {
  const found = typeof target === "number" ? targetOf(node, target) : undefined;
  demand(found !== undefined, "wrong-index", `the operator has no result ${target}`);
  return found;
}

/** The challenger asks for the tree of a result. Slices are found by way of their list. */
export const descendTensor: Step<"locateElement", "descendTensor"> = (
  context,
  { operator },
  { target },
) => {
  const node = context.rules.plan.nodes[operator.node] as PlanNode;
  const { slice } = readTarget(node, target);
  demand(slice === undefined, "wrong-index", "a slice is found by way of the list of slices");
  return { phase: tensorPhase(context, operator, target, null) };
};

/** The challenger asks for the list of slices, to find the first that is wrong. */
export const descendSlices: Step<"locateElement", "descendSlices"> = ({ rules }, { operator }) => {
  const slices = sliceCount(rules.plan.nodes[operator.node] as PlanNode);
  demand(slices > 0, "wrong-index", "the operator is no recurrence");
  return { phase: { name: "openNode", place: { tree: "slices", operator }, at: null } };
};

/** The asserter shows the tile. A committed element that no tensor may hold convicts at once. */
export const openTile: Step<"openTile", "openTile"> = (context, phase, move) => {
  const { plan, hasher } = context.rules;
  const { operator, target, tile, hash } = phase;
  const { type } = targetOf(plan.nodes[operator.node] as PlanNode, target) as Target;
  const bytes = readTileBytes(tensorGeometry(type.dtype, type.dims), tile, move.bytes);
  const same = bytesEqual(tileHash(hasher, bytes), readDigest(hash, "the tile's hash"));
  demand(same, "wrong-tensor", "the tile is not the committed one");
  const evidence = improperTile(context, operator, { kind: "target", target }, tile, bytes);
  if (evidence) return { phase: refuted(evidence) };
  return { phase: { name: "pickElement", operator, target, tile, bytes: toHex(bytes) } };
};

/** The challenger names an element of the tile. */
export const pickElement: Step<"pickElement", "pickElement"> = ({ rules }, phase, move) => {
  const { operator, target, tile, bytes } = phase;
  const node = rules.plan.nodes[operator.node] as PlanNode;
  const { type } = targetOf(node, target) as Target;
  const geometry = tensorGeometry(type.dtype, type.dims);
  const element = readIndex(move.element, 0, geometry.elements, "element");
  const position = tileElements(geometry, tile).indexOf(element);
  demand(position >= 0, "wrong-index", `element ${element} is not in tile ${tile}`);
  const digits = 2 * geometry.elementSize;
  const claimed = `0x${bytes.slice(2 + position * digits, 2 + (position + 1) * digits)}`;
  return { phase: elementPhase(rules, { operator, target }, element, claimed) };
};

/** An element is recomputed at once, or its fold is cut first. */
function elementPhase(
  rules: Known,
  { operator, target }: Targeted,
  element: number,
  claimed: string | null,
): Phase {
  const program = programOf(rules.plan.nodes[operator.node] as PlanNode, target);
  const to = foldSteps(program);
  const whole = { operator, target, element, claimed, from: 0, to, before: null, after: null };
  return stretchPhase(rules, whole);
}

/** Where a part of a fold goes: to the referee if it is a stretch, else to be cut again. */
export function stretchPhase({ plan, budget }: Known, stretch: Stretch): Phase {
  const { from, to, operator, target } = stretch;
  const program = programOf(plan.nodes[operator.node] as PlanNode, target);
  return isStretch(budget, program, from, to)
    ? { name: "openReads", tiles: [], ...stretch }
    : { name: "openPartials", ...stretch };
}
