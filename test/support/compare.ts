import { expect } from "vitest";
import { readerOf } from "../../operators/backends/interpreter/storage.js";
import { type DType, elementCount, isFloat, type Tensor } from "../../operators/index.js";

/** Register values of all elements. */
export function valuesOf(t: Tensor): (number | bigint)[] {
  const read = readerOf(t.dtype, t.bytes);
  return Array.from({ length: elementCount(t.dims) }, (_, i) => read(i));
}

/** Fails unless `mismatch` finds nothing. */
export function expectClose(actual: Tensor, expected: Tensor): void {
  expect(mismatch(actual, expected)).toBeUndefined();
}

/**
 * How a tensor differs from someone else's: dtype and dims; floats beyond rtol 1e-3 and atol 1e-7,
 * everything else at all. Floats that are halves, or were computed with halves (`precision`), may
 * differ by two steps of those.
 */
export function mismatch(
  actual: Tensor | undefined,
  expected: Tensor,
  precision: DType = expected.dtype,
): string | undefined {
  const type = (t: Tensor | undefined): string => (t ? `${t.dtype}[${t.dims}]` : "nothing");
  if (type(actual) !== type(expected)) return `${type(actual)} instead of ${type(expected)}`;
  const [got, want] = [valuesOf(actual as Tensor), valuesOf(expected)];
  const wrong = got.flatMap((g, i) =>
    closeTo(g, want[i] as number | bigint, expected.dtype, precision)
      ? []
      : [`[${i}] ${g} instead of ${want[i]}`],
  );
  if (wrong.length === 0) return undefined;
  return `${wrong.length} of ${got.length} elements: ${wrong.slice(0, 3).join(", ")}`;
}

/** Relative tolerances, by the least precise dtype that took part. */
const STEPS: Readonly<Partial<Record<DType, number>>> = { bf16: 2 ** -7, f16: 2 ** -9 };

function closeTo(
  got: number | bigint,
  want: number | bigint,
  dtype: DType,
  precision: DType,
): boolean {
  if (!isFloat(dtype)) return got === want;
  const [x, w] = [Number(got), Number(want)];
  const rtol = Math.max(1e-3, STEPS[dtype] ?? 0, STEPS[precision] ?? 0);
  return Object.is(x, w) || x === w || Math.abs(x - w) <= 1e-7 + rtol * Math.abs(w);
}
