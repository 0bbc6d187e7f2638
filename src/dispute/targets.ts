import {
  type ElementProgram,
  elementCount,
  type Stage,
  type TensorType,
} from "../../operators/index.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import type { Hex } from "./moves.js";
import type { OpenedOperator } from "./state.js";
import { committedResults } from "./values.js";

/**
 * The results inside an operator, by number: 0 … S − 1 are its stages, S + o is output o of O, and
 * S + O + i is slice i of its recurrence, in the order of computing. A stage that an output shows is
 * named as that output: its bytes are committed once, under the output's dims. A stage of a recurrence
 * is named by its slices alone. All follows from the plan.
 */
export interface Target {
  readonly stage: Stage;
  /** Position among the operator's outputs; undefined for everything else. */
  readonly output: number | undefined;
  /** Position among the slices of the recurrence; undefined for everything else. */
  readonly slice: number | undefined;
  /** The type under which it is committed. */
  readonly type: TensorType;
  /** The element of the stage that is its first: 0 but for slices. */
  readonly offset: number;
}

/** Stages that are committed as tensors of their own, ascending: no output shows them. */
export function intermediateStages({ lowering }: PlanNode): number[] {
  const shown = new Set(lowering.outputs.map((o) => o.stage));
  return lowering.stages.flatMap((_, s) => (shown.has(s) || isScanned(lowering, s) ? [] : [s]));
}

/** How many commitments of its inside an operator has: intermediates, and the root of the slices. */
export function insideCount(node: PlanNode): number {
  return intermediateStages(node).length + (node.lowering.scan ? 1 : 0);
}

/** Slices of an operator's recurrence; 0 where there is none. */
export function sliceCount({ lowering: { scan } }: PlanNode): number {
  return scan ? scan.steps * (scan.end - scan.first) : 0;
}

/** The target that is slice `index` of the recurrence. */
export function targetOfSlice({ lowering }: PlanNode, index: number): number {
  return lowering.stages.length + lowering.outputs.length + index;
}

/** Position in the list of slice `t` of a stage of the recurrence. */
export function sliceIndex({ lowering: { scan } }: PlanNode, stage: number, t: number): number {
  if (!scan) throw new RangeError("the operator has no recurrence");
  return t * (scan.end - scan.first) + stage - scan.first;
}

export function isScanned({ scan }: PlanNode["lowering"], stage: number): boolean {
  return scan !== undefined && stage >= scan.first && stage < scan.end;
}

/** The target of a number, or undefined where there is none. */
export function targetOf(node: PlanNode, target: number): Target | undefined {
  const { stages, outputs } = node.lowering;
  const whole = { slice: undefined, offset: 0 };
  const stage = stages[target];
  if (stage) {
    if (!intermediateStages(node).includes(target)) return undefined;
    const { dtype, out } = stage.program;
    return { ...whole, stage, output: undefined, type: { dtype, dims: out } };
  }
  const output = target - stages.length;
  const shown = outputs[output];
  if (shown) return { ...whole, stage: stages[shown.stage] as Stage, output, type: shown };
  return sliceTarget(node, output - outputs.length);
}

function sliceTarget(node: PlanNode, slice: number): Target | undefined {
  const { stages, scan } = node.lowering;
  const exists = Number.isSafeInteger(slice) && slice >= 0 && slice < sliceCount(node);
  if (!scan || !exists) return undefined;
  const width = scan.end - scan.first;
  const stage = stages[scan.first + (slice % width)] as Stage;
  const type = sliceType(stage);
  const offset = Math.floor(slice / width) * elementCount(type.dims);
  return { stage, output: undefined, slice, type, offset };
}

/** The type of one slice of a stage of a recurrence. */
export function sliceType({ program: { dtype, out } }: Stage): TensorType {
  return { dtype, dims: out.slice(1) };
}

/** The target under which a stage that is not of a recurrence is committed. */
export function targetOfStage({ lowering }: PlanNode, stage: number): number {
  const output = lowering.outputs.findIndex((o) => o.stage === stage);
  return output < 0 ? stage : lowering.stages.length + output;
}

/** All targets in the order in which they are computed. */
export function targetsInOrder(node: PlanNode): number[] {
  const { stages, outputs, scan } = node.lowering;
  const shown = outputs.map((o, i) => ({ at: o.stage, target: stages.length + i }));
  const inner = intermediateStages(node).map((s) => ({ at: s, target: s }));
  const slices = Array.from({ length: sliceCount(node) }, (_, i) => {
    return { at: scan?.first ?? 0, target: targetOfSlice(node, i) };
  });
  return [...inner, ...shown, ...slices]
    .sort((a, b) => a.at - b.at || a.target - b.target)
    .map(({ target }) => target);
}

/** The asserter's commitment to a target that has one of its own: every one but slices. */
export function committedTarget(plan: Plan, operator: OpenedOperator, target: number): Hex {
  const node = plan.nodes[operator.node] as PlanNode;
  const { stages } = node.lowering;
  if (target < stages.length) {
    return operator.intermediates[intermediateStages(node).indexOf(target)] as Hex;
  }
  return committedResults(plan, operator)(node.outputs[target - stages.length] as number);
}

/** The asserter's commitment to the list of slices: behind those of the intermediates. */
export function committedSlices(plan: Plan, operator: OpenedOperator): Hex {
  const node = plan.nodes[operator.node] as PlanNode;
  return operator.intermediates[intermediateStages(node).length] as Hex;
}

export function programOf(node: PlanNode, target: number): ElementProgram {
  return (targetOf(node, target) as Target).stage.program;
}
