import { byteLength } from "../../operators/index.js";
import type { Plan, PlanValue } from "../../src/graph/plan.js";

/** Bytes of everything that executed nodes compute, intermediates of composites left out. */
export function totalBytes(plan: Plan): number {
  return plan.nodes.reduce((sum, node) => sum + bytesOf(plan, node.outputs), 0);
}

/**
 * The least memory in which a plan's activations can live, whatever the layout: while a node runs,
 * its outputs and all earlier results that it or a later node reads, or that the graph gives back.
 */
export function liveBytes(plan: Plan): number {
  const end = plan.nodes.length;
  const lastUse = new Map<number, number>();
  plan.nodes.forEach((node, n) => {
    for (const v of node.inputs) if (v !== undefined) lastUse.set(v, n);
  });
  for (const { value } of plan.outputs) lastUse.set(value, end);
  const made: number[] = [];
  let most = 0;
  plan.nodes.forEach((node, n) => {
    const earlier = made.filter((v) => (lastUse.get(v) ?? -1) >= n);
    most = Math.max(most, bytesOf(plan, earlier) + bytesOf(plan, node.outputs));
    made.push(...node.outputs);
  });
  return most;
}

function bytesOf(plan: Plan, values: readonly number[]): number {
  return values.reduce((sum, v) => sum + byteLength(plan.values[v] as PlanValue), 0);
}
