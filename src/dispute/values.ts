import type { Tensor } from "../../operators/index.js";
import type { Plan, PlanNode, PlanValue, Segment, ValueOrigin } from "../graph/plan.js";
import type { NamedOperator, NamedTensor } from "./evidence.js";
import type { Hex } from "./moves.js";
import type { OpenedSegment } from "./state.js";

/**
 * What the plan says about values: which must be opened for what, and where each one's commitment
 * stands. Both sides and the referee use these, so that nobody states an order or a place.
 */

/** Results of a segment's operators that are dead after it, in (node, output) order. */
export function innerValues(plan: Plan, segment: Segment): number[] {
  const live = new Set(segment.live);
  return plan.nodes
    .slice(segment.first, segment.end)
    .flatMap((node) => node.outputs)
    .filter((value) => !live.has(value));
}

/** Values whose bytes an operator's opening shows: distinct inputs but constants, then outputs. */
export function openedValues(plan: Plan, node: PlanNode): number[] {
  const inputs = new Set(node.inputs.filter((v) => v !== undefined));
  const shown = [...inputs].filter((v) => originOf(plan, v).kind !== "constant");
  return [...shown, ...node.outputs];
}

/** Those of `values` that need a proof of their own: graph inputs and weights. */
export function provedValues(plan: Plan, values: readonly number[]): number[] {
  return values.filter((v) => ["input", "weight"].includes(originOf(plan, v).kind));
}

/** The asserter's commitment to a result of an operator, as seen from an opened segment. */
export function committedResults(plan: Plan, opened: OpenedSegment): (value: number) => Hex {
  const segment = plan.segments[opened.segment] as Segment;
  const before = entries(opened.before, plan.segments[opened.segment - 1]?.live ?? []);
  const after = entries(opened.after, segment.live);
  const inner = entries(opened.inner, innerValues(plan, segment));
  return (value) => {
    const origin = originOf(plan, value);
    if (origin.kind !== "node") throw new RangeError(`value ${value} is no operator's result`);
    const hash =
      origin.node < segment.first ? before.get(value) : (after.get(value) ?? inner.get(value));
    if (hash === undefined) throw new RangeError(`value ${value} has no commitment here`);
    return hash;
  };
}

function entries(hashes: readonly Hex[], order: readonly number[]): ReadonlyMap<number, Hex> {
  return new Map(order.map((value, i) => [value, hashes[i] as Hex]));
}

export function originOf(plan: Plan, value: number): ValueOrigin {
  return (plan.values[value] as PlanValue).origin;
}

export function planTensor(plan: Plan, value: number, bytes: Uint8Array): Tensor {
  const { dtype, dims } = plan.values[value] as PlanValue;
  return { dtype, dims, bytes };
}

export function nameTensor(plan: Plan, value: number): NamedTensor {
  const { name, dtype, dims } = plan.values[value] as PlanValue;
  return { value, name, dtype, dims };
}

export function nameOperator(plan: Plan, index: number): NamedOperator {
  const { name, domain, operator, version } = plan.nodes[index] as PlanNode;
  return { index, name, domain, operator, version };
}
