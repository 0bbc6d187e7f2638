import { expect } from "vitest";
import { readerOf } from "../../operators/backends/interpreter/storage.js";
import { elementCount, isFloat, type Tensor } from "../../operators/index.js";

/** Register values of all elements. */
export function valuesOf(t: Tensor): (number | bigint)[] {
  const read = readerOf(t.dtype, t.bytes);
  return Array.from({ length: elementCount(t.dims) }, (_, i) => read(i));
}

/**
 * Compares with someone else's output: same dtype and dims; floats within rtol 1e-3 and atol 1e-7
 * (f16 and bf16 also within two steps of their precision), everything else exactly.
 */
export function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.dtype).toBe(expected.dtype);
  expect(actual.dims).toEqual(expected.dims);
  const [got, want] = [valuesOf(actual), valuesOf(expected)];
  if (!isFloat(expected.dtype)) {
    expect(got).toEqual(want);
    return;
  }
  const rtol = expected.dtype === "bf16" ? 2 ** -7 : expected.dtype === "f16" ? 2 ** -9 : 1e-3;
  const wrong = got.flatMap((g, i) => {
    const w = Number(want[i]);
    const x = Number(g);
    const fits = Object.is(x, w) || x === w || Math.abs(x - w) <= 1e-7 + rtol * Math.abs(w);
    return fits ? [] : [`[${i}] ${x} instead of ${w}`];
  });
  expect(wrong.slice(0, 5)).toEqual([]);
}
