import type { ScalarFunction } from "../../program/types.js";
import {
  atLeast,
  atMost,
  fromBits,
  LN2_HIGH,
  LN2_LOW,
  nearestInteger,
  unaryFunction,
} from "./blocks.js";
import { exponentialLess1 } from "./exponential.js";

/**
 * expm1(x) = exp(x) − 1, correctly rounded for all 2^32 inputs.
 *
 * Formula: x = n·ln 2 + r with |r| ≤ ln 2 / 2; expm1(x) = (2^n − 1) + 2^n·(exp(r) − 1). For small x, n = 0
 * and nothing cancels. n·LN2_HIGH and x − n·LN2_HIGH are exact. expm1(−0) = −0.
 * Polynomial: see `exponentialLess1`.
 *
 * Error: in all at most 2.3 units of the last place of f64, measured at 5·10^5 points.
 *
 * Hard cases: none to patch. The nearest, 3dc252dd → 3dcbd76b, lies 0.91 units of the last place of f64
 * from the middle of two f32; the error towards it is smaller.
 */
const HIGHEST = 89;
const LOWEST = -20;
const ONE = 0x3ff0000000000000n;

export const expm1: ScalarFunction = unaryFunction("f32.expm1", (b, given) => {
  const x = atLeast(b, atMost(b, given, HIGHEST), LOWEST);
  const n = nearestInteger(b, b.mul(x, b.f64(Math.LOG2E)));
  const high = b.sub(x, b.mul(n.value, b.f64(LN2_HIGH)));
  const r = b.sub(high, b.mul(n.value, b.f64(LN2_LOW)));
  const power = fromBits(b, b.add(n.exponent, b.i64(ONE)));
  const value = b.add(b.sub(power, b.f64(1)), b.mul(power, exponentialLess1(b, r)));
  return b.select(b.eq(given, b.f64(0)), given, value);
});
