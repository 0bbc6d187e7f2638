import type { ElementProgram, Stage, StageSource, TensorType } from "../../operators/index.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import type { Hex } from "./moves.js";
import type { OpenedOperator } from "./state.js";
import { committedResults } from "./values.js";

/**
 * The results inside an operator, by number: 0 … S − 1 are its stages, S + o is output o. A stage
 * that an output shows is named as that output: its bytes are committed once, under the output's
 * dims. All follows from the plan.
 */
export interface Target {
  readonly stage: Stage;
  /** Position among the operator's outputs, or undefined for an intermediate. */
  readonly output: number | undefined;
  /** The type under which it is committed. */
  readonly type: TensorType;
}

/** Stages that no output shows, ascending: those whose commitments are posted. */
export function intermediateStages({ lowering }: PlanNode): number[] {
  const shown = new Set(lowering.outputs.map((o) => o.stage));
  return lowering.stages.flatMap((_, s) => (shown.has(s) ? [] : [s]));
}

/** Numbers one past the last target. */
export function targetCount({ lowering }: PlanNode): number {
  return lowering.stages.length + lowering.outputs.length;
}

/** The target of a number, or undefined where there is none. */
export function targetOf(node: PlanNode, target: number): Target | undefined {
  const { stages, outputs } = node.lowering;
  const stage = stages[target];
  if (stage) {
    if (outputs.some((o) => o.stage === target)) return undefined;
    const { dtype, out } = stage.program;
    return { stage, output: undefined, type: { dtype, dims: out } };
  }
  const output = target - stages.length;
  const shown = outputs[output];
  if (!shown) return undefined;
  return { stage: stages[shown.stage] as Stage, output, type: shown };
}

/** Position among the stages of what a target is computed by. */
export function stageOfTarget({ lowering }: PlanNode, target: number): number {
  const { stages, outputs } = lowering;
  return target < stages.length ? target : (outputs[target - stages.length]?.stage as number);
}

/** The target under which a stage is committed. */
export function targetOfStage({ lowering }: PlanNode, stage: number): number {
  const output = lowering.outputs.findIndex((o) => o.stage === stage);
  return output < 0 ? stage : lowering.stages.length + output;
}

/** All targets in the order in which they are computed. */
export function targetsInOrder(node: PlanNode): number[] {
  const numbers = Array.from({ length: targetCount(node) }, (_, t) => t);
  const valid = numbers.filter((t) => targetOf(node, t) !== undefined);
  return valid.sort((a, b) => stageOfTarget(node, a) - stageOfTarget(node, b) || a - b);
}

/** The asserter's commitment to a target. */
export function committedTarget(plan: Plan, operator: OpenedOperator, target: number): Hex {
  const node = plan.nodes[operator.node] as PlanNode;
  const { stages } = node.lowering;
  if (target < stages.length) {
    return operator.intermediates[intermediateStages(node).indexOf(target)] as Hex;
  }
  return committedResults(plan, operator)(node.outputs[target - stages.length] as number);
}

/** Where a source of a program gets its bytes: a value of the plan, or a target of the operator. */
export type SourceOrigin =
  | { readonly kind: "value"; readonly value: number }
  | { readonly kind: "target"; readonly target: number };

export function sourceOrigin(node: PlanNode, source: StageSource): SourceOrigin {
  if (source.kind === "stage") return { kind: "target", target: targetOfStage(node, source.index) };
  const value = node.inputs[source.index];
  if (value === undefined) throw new RangeError(`input ${source.index} is left out`);
  return { kind: "value", value };
}

export function programOf(node: PlanNode, target: number): ElementProgram {
  return (targetOf(node, target) as Target).stage.program;
}
