import {
  type Body,
  byteLength,
  DTYPES,
  type ElementProgram,
  elementCount,
  type Lowering,
  type Stage,
  weightOf,
} from "../../operators/index.js";
import type { Plan, PlanNode, PlanValue } from "./plan.js";
import { isUniform, type KnownValue } from "./values.js";

/** What it takes to compute something once more, known from the plan alone. */
export interface Cost {
  /**
   * Weighted micro-ops over all stages: elements × (fold steps × step + finish), skipped steps
   * counted. Reads, coordinates and conditions count 1 each, or moving data would be free. Exact
   * below 2^53, rounded above.
   */
  readonly steps: number;
  /** Bytes of the distinct inputs and of the outputs; a uniform constant is one element. */
  readonly bytes: number;
}

export interface PlanCost {
  /** By node index. */
  readonly nodes: readonly Cost[];
  readonly total: Cost;
}

/**
 * Instructions that computing a lowering executes, skipped steps and their conditions counted. Without
 * the weights of `Cost`, which are no part of the numeric profile: this one decides what is folded.
 */
export function executedInstructions(lowering: Lowering): number {
  return lowering.stages.reduce((sum, { program: p }) => {
    const steps = elementCount(p.fold) * (p.step.code.length + p.when.length);
    return sum + elementCount(p.out) * (steps + p.finish.code.length);
  }, 0);
}

/** What the smallest referee recomputes whole. */
export const REFEREE_BUDGET: Cost = { bytes: 65536, steps: 4096 };

export function fitsBudget(cost: Cost, budget: Cost = REFEREE_BUDGET): boolean {
  return cost.bytes <= budget.bytes && cost.steps <= budget.steps;
}

export function planCost(plan: Plan): PlanCost {
  const nodes = plan.nodes.map((node) => nodeCost(plan, node));
  return {
    nodes,
    total: {
      steps: nodes.reduce((sum, c) => sum + c.steps, 0),
      bytes: nodes.reduce((sum, c) => sum + c.bytes, 0),
    },
  };
}

export function nodeCost(plan: Plan, node: PlanNode): Cost {
  const inputs = new Set(node.inputs.filter((v) => v !== undefined));
  const touched = [...inputs, ...node.outputs];
  return {
    steps: node.lowering.stages.reduce((sum, stage) => sum + stageSteps(stage), 0),
    bytes: touched.reduce((sum, value) => sum + valueBytes(plan, value), 0),
  };
}

/**
 * Arithmetic alone, as a rate of operations has it: a multiplication and an addition for every step
 * of a matrix product. Functions count by their weight, skipped steps count.
 */
export function arithmeticOf({ stages }: Lowering): number {
  return stages.reduce((sum, { program: p }) => {
    const steps = elementCount(p.fold) * operationsOf(p.step);
    return sum + elementCount(p.out) * (steps + operationsOf(p.finish));
  }, 0);
}

function operationsOf({ code }: Body): number {
  return code.reduce((sum, i) => sum + (i.kind === "operate" ? weightOf(i.op) : 0), 0);
}

function stageSteps({ program }: Stage): number {
  const steps = elementCount(program.fold) * stepWeight(program);
  return elementCount(program.out) * (steps + bodyWeight(program.finish));
}

/** Weighted micro-ops of one step of a fold, its conditions counted. */
export function stepWeight({ step, when }: ElementProgram): number {
  return bodyWeight(step) + when.length;
}

/** Weighted micro-ops of a body: reads and coordinates count 1 each, or moving data would be free. */
export function bodyWeight(body: Body): number {
  let sum = 0;
  for (const i of body.code) {
    if (i.kind === "operate") sum += weightOf(i.op);
    else if (i.kind === "read" || i.kind === "coordinate") sum += 1;
  }
  return sum;
}

/** Bytes of a value of a plan; a uniform constant is one element. */
export function valueBytes(plan: Plan, id: number): number {
  const value = plan.values[id] as PlanValue;
  if (value.origin.kind === "constant") {
    const known = plan.constants[value.origin.index] as KnownValue;
    if (isUniform(known)) return DTYPES[value.dtype].size;
  }
  return byteLength(value);
}
