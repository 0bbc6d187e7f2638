import { DTYPES, type DType, type Stage } from "../../operators/index.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import { toHex } from "../receipt/hex.js";
import type { AxisAt, ElementAt, NamedTensor } from "./evidence.js";
import { type Target, targetOf } from "./targets.js";
import { nameTensor } from "./values.js";

/** Names of elements and of results inside operators, for verdicts. */

export function elementAt(index: number, dims: readonly number[]): ElementAt {
  const coordinates: number[] = [];
  let rest = index;
  for (const d of [...dims].reverse()) {
    coordinates.unshift(rest % d);
    rest = Math.floor(rest / d);
  }
  return { index, coordinates };
}

/** Where an element lies along the axes that its stage names; nothing where it names none. */
export function axesAt({ axes = [] }: Stage, index: number): AxisAt[] {
  const { coordinates } = elementAt(
    index,
    axes.map((a) => a.size),
  );
  return axes.map(({ name, size }, i) => ({ name, size, at: coordinates[i] as number }));
}

/** The bits of an element, most significant digit first. */
export function elementBits(dtype: DType, bytes: Uint8Array, index: number): string {
  const { size } = DTYPES[dtype];
  return toHex(bytes.slice(index * size, (index + 1) * size).reverse());
}

/** A result of an operator: the graph's name for an output, the stage's for an intermediate. */
export function nameTarget(plan: Plan, index: number, target: number): NamedTensor {
  const node = plan.nodes[index] as PlanNode;
  const { stage, output, type } = targetOf(node, target) as Target;
  if (output !== undefined) return nameTensor(plan, node.outputs[output] as number);
  return { value: null, name: stage.name, dtype: type.dtype, dims: stage.program.out };
}
