import type { ScalarFunction } from "../../program/types.js";
import { splitExponent, unaryFunction } from "./blocks.js";
import { logarithm, logarithmCorners } from "./logarithm.js";

/**
 * log, correctly rounded for all 2^32 inputs.
 *
 * Formula: x = 2^k·m with √½ ≤ m < √2; log(x) = k·ln 2 + log(1 + f), f = m − 1 exact. Polynomial
 * and error: see `logarithm`. log(±0) = −∞, log of a negative number is NaN.
 *
 * Hard cases: none to patch, because the sum is rounded to odd. Rounded to nearest in f64 and then
 * again to f32 the same sum is wrong at five inputs, as other f64 logarithms are: 3c413d3a → c08e158f,
 * 41178feb → 400fe5e7, 4c5d65a5 → 418f034b, 65d890d3 → 4254d1f9, 6f31a8ec → 42845a89. The nearest,
 * 65d890d3, lies 0.03 units of the last place of f64 from the middle of two f32.
 */
export const log: ScalarFunction = unaryFunction("f32.log", (b, x) => {
  const { k, m } = splitExponent(b, x);
  return logarithmCorners(b, x, logarithm(b, k, b.sub(m, b.f64(1))));
});
