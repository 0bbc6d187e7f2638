import { DTYPES, elementCount, isFloat } from "../dtype.js";
import { AssayError } from "../errors.js";
import { i64Tensor, type Tensor } from "../tensor.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { folded } from "./shared/folded.js";

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
    const x = knownInput(context);
    const { dims } = x;
    const found = nonZeroPositions(x).map((flat) => coordinate(flat, dims));
    return i64Tensor(
      [dims.length, found.length],
      dims.flatMap((_, axis) => found.map((at) => at[axis] as number)),
    );
  },
});

function knownInput(context: LoweringContext): Tensor {
  const x = context.values[0];
  if (x) return x;
  throw new AssayError(
    "graph/data-dependent",
    `${context.node}: how many elements are not zero is only known at run time`,
    { hint: "NonZero runs where its input follows from weights, shapes and small graph inputs" },
  );
}

function nonZeroPositions({ dtype, dims, bytes }: Tensor): number[] {
  const { size } = DTYPES[dtype];
  const isZero = (element: Uint8Array): boolean =>
    element.every((byte, i) => (isFloat(dtype) && i === size - 1 ? byte & 0x7f : byte) === 0);
  const positions = Array.from({ length: elementCount(dims) }, (_, i) => i);
  return positions.filter((i) => !isZero(bytes.subarray(i * size, (i + 1) * size)));
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
