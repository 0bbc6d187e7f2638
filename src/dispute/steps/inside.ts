import { bytesEqual, elementCount, firstNonCanonical } from "../../../operators/index.js";
import { fitsBudget, nodeCost } from "../../graph/cost.js";
import type { Plan, PlanNode } from "../../graph/plan.js";
import { tensorGeometry, tileByteLength, tileElements } from "../../merkle/geometry.js";
import { tileHash } from "../../merkle/tensor-tree.js";
import { toHex } from "../../receipt/hex.js";
import { elementAt, elementBits, nameTarget } from "../name.js";
import { readBytes, readDigest, readDigests, readIndex } from "../reading.js";
import { demand } from "../refusals.js";
import { foldSteps, isStretch } from "../spans.js";
import type { OpenedOperator, OpenedSegment, Phase, Stretch, Targeted } from "../state.js";
import { intermediateStages, programOf, type Target, targetOf } from "../targets.js";
import { nameOperator } from "../values.js";
import type { Step } from "./step.js";

/** From an operator that is too large for the referee to one element of one of its results. */

/** Whether the referee recomputes an operator whole: decided by the plan, never by a party. */
export function isRecomputedWhole(plan: Plan, node: number): boolean {
  return fitsBudget(nodeCost(plan, plan.nodes[node] as PlanNode));
}

/** Where an operator goes once it is named. */
export function afterOperator(plan: Plan, opened: OpenedSegment, node: number): Phase {
  const { segment, before, after, inner } = opened;
  const known = { segment, before, after, inner };
  if (isRecomputedWhole(plan, node)) return { name: "openOperator", node, shown: "0x", ...known };
  if (intermediateStages(plan.nodes[node] as PlanNode).length > 0) {
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
  readDigests(move.commitments, intermediateStages(node).length, "intermediates");
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
  return { phase: elementPhase(node, { operator, target: move.target }, element, null) };
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

/** The challenger asks for the tree of a result. A single tile is shown with its hash unknown. */
export const descendTensor: Step<"locateElement", "descendTensor"> = (
  { rules },
  { operator },
  move,
) => {
  const { type } = readTarget(rules.plan.nodes[operator.node] as PlanNode, move.target);
  demand(elementCount(type.dims) > 0, "wrong-index", "the result has no elements");
  const place = { tree: "tensor", operator, target: move.target } as const;
  return { phase: { name: "openNode", place, at: null } };
};

/** The asserter shows the tile. A committed element that no tensor may hold convicts at once. */
export const openTile: Step<"openTile", "openTile"> = ({ rules }, phase, move) => {
  const { plan, hasher } = rules;
  const { operator, target, tile, hash } = phase;
  const { type } = targetOf(plan.nodes[operator.node] as PlanNode, target) as Target;
  const geometry = tensorGeometry(type.dtype, type.dims);
  const bytes = readBytes(move.bytes, "the tile");
  const fits = bytes.length === tileByteLength(geometry, tile);
  demand(fits, "wrong-tensor", `the tile has ${bytes.length} bytes`);
  const same = bytesEqual(tileHash(hasher, bytes), readDigest(hash, "the tile's hash"));
  demand(same, "wrong-tensor", "the tile is not the committed one");
  const improper = firstNonCanonical(type.dtype, bytes);
  if (improper < 0) {
    return { phase: { name: "pickElement", operator, target, tile, bytes: toHex(bytes) } };
  }
  const element = tileElements(geometry, tile)[improper] as number;
  const evidence = {
    fault: "non-canonical",
    segment: operator.segment,
    operator: nameOperator(plan, operator.node),
    tensor: nameTarget(plan, operator.node, target),
    element: elementAt(element, type.dims),
    claimed: elementBits(type.dtype, bytes, improper),
  } as const;
  return { phase: { name: "ended", outcome: { kind: "refuted", evidence } } };
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
  return { phase: elementPhase(node, { operator, target }, element, claimed) };
};

/** An element is recomputed at once, or its fold is cut first. */
function elementPhase(
  node: PlanNode,
  { operator, target }: Targeted,
  element: number,
  claimed: string | null,
): Phase {
  const program = programOf(node, target);
  const to = foldSteps(program);
  const whole = { operator, target, element, claimed, from: 0, to, before: null, after: null };
  return stretchPhase(node, whole);
}

/** Where a part of a fold goes: to the referee if it is a stretch, else to be cut again. */
export function stretchPhase(node: PlanNode, stretch: Stretch): Phase {
  const { from, to } = stretch;
  return isStretch(programOf(node, stretch.target), from, to)
    ? { name: "openReads", tiles: [], ...stretch }
    : { name: "openPartials", ...stretch };
}
