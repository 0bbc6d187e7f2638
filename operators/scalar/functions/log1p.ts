import type { ScalarFunction } from "../../program/types.js";
import { splitExponent, unaryFunction } from "./blocks.js";
import { logarithm, logarithmCorners } from "./logarithm.js";

/**
 * log1p(x) = log(1 + x), correctly rounded for all 2^32 inputs.
 *
 * Formula: u = 1 + x = 2^k·m with √½ ≤ m < √2; log1p(x) = k·ln 2 + log(1 + f). Where k = 0, f = x,
 * so nothing of a small x is lost; elsewhere f = m − 1, and u is exact for x < 2^53 (its last bit
 * is at least 2^−26 there), beyond which the lost 1 is below 2^−53 of an f32 result's value.
 * Below 2^−26 in magnitude log1p(x) = x − x²/2 + … rounds to x, which also keeps −0.
 * Polynomial and error: see `logarithm`. log1p(−1) = −∞, log1p(x < −1) is NaN.
 *
 * Hard cases: none to patch, because the sum is rounded to odd. Rounded to nearest in f64 and then
 * again to f32 it is wrong at nine inputs: 35400003 → 353fffff, 3710001b → 370ffff3,
 * 3efd81ad → 3ecdeee1, 41078feb → 400fe5e7, 65d890d3 → 4254d1f9, 6f31a8ec → 42845a89,
 * b53ffffd → b5400001, b70fffe5 → b710000d, bb0ec8c4 → bb0ef0a5. The nearest, 35400003, lies 0.0001
 * units of the last place of f64 from the middle of two f32.
 */
const TINY = 2 ** -26;

export const log1p: ScalarFunction = unaryFunction("f32.log1p", (b, x) => {
  const u = b.add(b.f64(1), x);
  const { k, m } = splitExponent(b, u);
  const f = b.select(b.eq(k, b.f64(0)), x, b.sub(m, b.f64(1)));
  const value = logarithmCorners(b, u, logarithm(b, k, f));
  return b.select(b.lt(b.op("f64.abs", x), b.f64(TINY)), x, value);
});
