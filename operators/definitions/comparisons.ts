import { type DType, isFloat } from "../dtype.js";
import type { BodyBuilder, Register } from "../program/builder.js";
import { ANY_DTYPE, binary, NUMBERS } from "./shared/elementwise.js";
import { below } from "./shared/extremes.js";

/**
 * Equal, Greater, GreaterOrEqual, Less, LessOrEqual: bool of A ∘ B with multidirectional
 * broadcasting. Floats compare by value: −0 equals +0, every comparison with NaN is false.
 *
 * Dtypes: all numbers, operands alike; Equal also bool. The result is bool.
 * Errors: `operator/invalid` where dtypes differ or shapes do not broadcast.
 * Source: ONNX Equal, versions 1, 7, 11, 13, 19; Greater, Less, versions 1, 7, 9, 13;
 * GreaterOrEqual, LessOrEqual, versions 12, 16.
 */
const family = { versions: [1, 7, 9, 13], dtypes: NUMBERS, result: "bool" } as const;

export const equal = binary({
  ...family,
  name: "Equal",
  versions: [1, 7, 11, 13, 19],
  dtypes: ANY_DTYPE,
  element: (b, x, y) => b.eq(x, y),
});

export const greater = binary({
  ...family,
  name: "Greater",
  element: (b, x, y, dtype) => below(b, dtype, y, x),
});

export const greaterOrEqual = binary({
  ...family,
  name: "GreaterOrEqual",
  versions: [12, 16],
  element: (b, x, y, dtype) => atMost(b, dtype, y, x),
});

export const less = binary({
  ...family,
  name: "Less",
  element: (b, x, y, dtype) => below(b, dtype, x, y),
});

export const lessEqual = binary({
  ...family,
  name: "LessOrEqual",
  versions: [12, 16],
  element: (b, x, y, dtype) => atMost(b, dtype, x, y),
});

/** Floats: false where an operand is NaN, so it is not the negation of below(y, x). */
function atMost(b: BodyBuilder, dtype: DType, x: Register, y: Register): Register {
  return isFloat(dtype) ? b.le(x, y) : b.not(below(b, dtype, y, x));
}
