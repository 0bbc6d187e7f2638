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
 * Hard cases: none to patch. The inputs whose results lie nearest to the middle of two f32 are
 * 013a18e3 → 5e96209e and its multiples by powers of 4, 1.41 units of the last place of f64 away;
 * the error towards them is smaller.
 */
export const rsqrt: ScalarFunction = unaryFunction("f32.rsqrt", (b, x) =>
  b.div(b.f64(1), b.op("f64.sqrt", x)),
);
