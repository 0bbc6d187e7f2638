import type { BodyBuilder, Register } from "../program/builder.js";
import { FLOATS, NUMBERS, SIGNED, UNSIGNED, unary } from "./shared/elementwise.js";

/**
 * Abs, Neg, Sign.
 *
 * Floats: Abs clears and Neg flips the sign bit; NaN stays canonical. sign(±0) = +0, sign(NaN) =
 * NaN. Integers wrap: abs(MIN) = −MIN = MIN.
 * Dtypes: Abs, Sign: all numbers; Neg: f32, f16, bf16, f64, i8, i16, i32, i64.
 * Source: ONNX Abs, Neg, versions 6, 13; Sign, versions 9, 13.
 */
export const abs = unary({
  name: "Abs",
  versions: [6, 13],
  dtypes: NUMBERS,
  element(b, x, dtype) {
    if (UNSIGNED.includes(dtype)) return x;
    if (FLOATS.includes(dtype)) return b.op(x.type === "f64" ? "f64.abs" : "f32.abs", x);
    return b.select(b.lt(x, b.of(x.type, 0)), negative(b, x), x);
  },
});

export const neg = unary({
  name: "Neg",
  versions: [6, 13],
  dtypes: [...FLOATS, ...SIGNED],
  element: negative,
});

export const sign = unary({
  name: "Sign",
  versions: [9, 13],
  dtypes: NUMBERS,
  element(b, x, dtype) {
    const zero = b.of(x.type, 0);
    const one = b.of(x.type, 1);
    const isZero = b.eq(x, zero);
    if (UNSIGNED.includes(dtype)) return b.select(isZero, zero, one);
    const otherwise = b.select(b.lt(x, zero), b.of(x.type, -1), b.select(isZero, zero, x));
    return b.select(b.lt(zero, x), one, otherwise);
  },
});

function negative(b: BodyBuilder, x: Register): Register {
  if (x.type === "f32") return b.op("f32.neg", x);
  if (x.type === "f64") return b.op("f64.neg", x);
  return b.sub(b.of(x.type, 0), x);
}
