import { AssayError, type TensorType } from "../../operators/index.js";
import type { Plan } from "./plan.js";
import type { Graph, ValueInfo } from "./types.js";

/** What a graph declares of its outputs, held against what its plan computes. */

/** A dtype decides what the bytes of an output mean: a declaration that contradicts it is refused. */
export function requireDeclaredDTypes(
  infos: readonly ValueInfo[],
  types: readonly TensorType[],
): void {
  infos.forEach(({ name, dtype }, i) => {
    const computed = types[i]?.dtype;
    if (computed === dtype) return;
    throw new AssayError(
      "graph/invalid",
      `output "${name}" is declared ${dtype}, it is ${computed}`,
      {
        hint: "the graph contradicts itself; export it again",
        facts: { name, declared: dtype, computed },
      },
    );
  });
}

export interface WrongDims {
  readonly name: string;
  readonly declared: readonly (number | string | null)[];
  readonly computed: readonly number[];
}

/**
 * Outputs whose declared dims are not those that are computed. Exporters and editors leave such
 * declarations behind (6 of 925 published models), and nothing depends on them, so they are only told.
 */
export function wrongDims(graph: Graph, plan: Plan): WrongDims[] {
  return graph.outputs.flatMap(({ name, dims: declared }, i) => {
    const computed = plan.values[plan.outputs[i]?.value as number]?.dims ?? [];
    const fits =
      declared === null ||
      (declared.length === computed.length &&
        declared.every((d, axis) => typeof d !== "number" || d === computed[axis]));
    return fits ? [] : [{ name, declared, computed }];
  });
}

/** One line about it. */
export function describeWrongDims({ name, declared, computed }: WrongDims): string {
  return `output "${name}" is declared [${declared.map((d) => d ?? "?")}], it is [${computed}]`;
}
