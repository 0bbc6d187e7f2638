import type { ScalarFunction } from "../../program/types.js";
import { bitsOf, fromBits, polynomial, Squares, unaryFunction, withSignOf } from "./blocks.js";

/**
 * cbrt, correctly rounded for all 2^32 inputs.
 *
 * Formula: for a = |x|, the upper half of its bits, divided by three and taken from a constant, is the
 * upper half of some y within 3.5 % of 1/∛a. e = 1 − a·y³ is below 0.1021 in magnitude, and y·R(e) is
 * 1/∛a within 2^−23; call it y again. Then c = a·y² with e = 1 − c·y is corrected to ∛a = c·(1 + ⅔·e + 5/9·e²), where most
 * of c's own rounding errors drop out. Nothing is divided. The sign is set at the end; ±0 and ±∞, which
 * equal their doubles, stay.
 *
 * Polynomial: R, degree 4, minimax in error relative to (1 − e)^−⅓ (Remez exchange in 240-bit arithmetic,
 * coefficients rounded to f64 one after the other), 2^−23.4.
 *
 * Error: in all at most 1.6 units of the last place of f64, measured at 5·10^5 points.
 *
 * Hard cases: none to patch; no cube root of an f32 is the middle of two f32.
 */
/** Found by a search for the smallest largest |e| over one period of the estimate, 1 ≤ a < 8. */
const ESTIMATE = 0x553ee97800000000n;
/** (2^32 − 1) / 3: times the upper 32 bits this is a third of the bits, but for the lowest 32. */
const THIRD = 0x55555555n;
const R = [
  1.0000000049963484, 0.3333290385880468, 0.22221451607092313, 0.17448296257333804,
  0.145880908482711,
];

export const cbrt: ScalarFunction = unaryFunction("f32.cbrt", (b, x) => {
  const a = b.op("f64.abs", x);
  const third = b.mul(b.op("i64.shr_u", bitsOf(b, a), b.i64(32)), b.i64(THIRD));
  const estimate = fromBits(b, b.sub(b.i64(ESTIMATE), third));
  const cube = b.mul(b.mul(estimate, estimate), b.mul(estimate, a));
  const far = new Squares(b, b.sub(b.f64(1), cube));
  const inverse = b.mul(estimate, polynomial(b, far, R));
  const root = b.mul(a, b.mul(inverse, inverse));
  const error = b.sub(b.f64(1), b.mul(root, inverse));
  const correction = b.mul(error, b.add(b.f64(2 / 3), b.mul(b.f64(5 / 9), error)));
  const value = b.add(root, b.mul(root, correction));
  // 0, ∞
  return b.select(b.eq(x, b.add(x, x)), x, withSignOf(b, value, x));
});
