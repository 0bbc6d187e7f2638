import type { ScalarFunction } from "../../program/types.js";
import { unaryFunction } from "./blocks.js";

/**
 * rsqrt(x) = 1 ÷ √x, correctly rounded for all 2^32 inputs.
 *
 * Formula: √ and ÷ in f64, each rounded once. rsqrt(+0) = +∞, rsqrt(−0) = −∞ (IEEE 754 rSqrt),
 * rsqrt(+∞) = +0, rsqrt of a negative number is NaN.
 *
 * Error: below 1.5 units of the last place of f64, 2^−29 of the result's f32 spacing.
 *
 * Hard cases: none; no input lies so near the middle of two f32 that this error crosses it.
 */
export const rsqrt: ScalarFunction = unaryFunction("f32.rsqrt", (b, x) =>
  b.div(b.f64(1), b.op("f64.sqrt", x)),
);
