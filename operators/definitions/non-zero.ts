import { elementCount } from "../dtype.js";
import { i64Tensor, type Tensor } from "../tensor.js";
import type { OperatorDefinition } from "./definition.js";
import { folded } from "./shared/folded.js";
import { elementAt, knownValue } from "./shared/known-value.js";

/**
 * NonZero: the coordinates of the elements that are not zero, row-major, as [rank, count]. −0 is zero,
 * NaN is not. The count depends on the values, so they must be known when shapes are bound.
 *
 * Dtypes: any, the result i64.
 * Errors: `graph/data-dependent` where the input is only known at run time or has more than 1024
 * elements.
 * Source: ONNX NonZero, versions 9, 13.
 */
export const nonZero: OperatorDefinition = folded({
  name: "NonZero",
  versions: [9, 13],
  steering: [0],
  value(context) {
    const x = knownValue(context, 0);
    const { dims } = x;
    const found = nonZeroPositions(x).map((flat) => coordinate(flat, dims));
    return i64Tensor(
      [dims.length, found.length],
      dims.flatMap((_, axis) => found.map((at) => at[axis] as number)),
    );
  },
});

function nonZeroPositions(x: Tensor): number[] {
  const positions = Array.from({ length: elementCount(x.dims) }, (_, i) => i);
  return positions.filter((i) => Number(elementAt(x, i)) !== 0);
}

function coordinate(flat: number, dims: readonly number[]): number[] {
  const at: number[] = [];
  let rest = flat;
  for (const d of [...dims].reverse()) {
    at.unshift(rest % d);
    rest = Math.floor(rest / d);
  }
  return at;
}
