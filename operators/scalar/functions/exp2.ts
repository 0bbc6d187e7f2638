import type { ScalarFunction } from "../../program/types.js";
import {
  atLeast,
  atMost,
  bitsOf,
  except,
  fromBits,
  nearestInteger,
  unaryFunction,
} from "./blocks.js";
import { exponentialLess1 } from "./exponential.js";

/**
 * exp2(x) = 2^x, correctly rounded for all 2^32 inputs.
 *
 * Formula: x = n + t with |t| ≤ ½, exact; r = t·ln 2; 2^x = 2^n·(1 + (exp(r) − 1)). 2^n is added to the
 * exponent field; below 2^−126 the one rounding to f32 is the rounding to a subnormal. Integers x give
 * exact powers, and −150, the middle of +0 and 2^−149, gives +0, the even one.
 * Polynomial: see `exponentialLess1`.
 *
 * Error: in all at most 1.1 units of the last place of f64, measured at 2·10^6 points.
 *
 * Hard cases: two, whose f64 is the very middle of two f32: 3b429d37 → 3f804385 (0.44 units of the last
 * place of f64 above it) and bcf3a937 → 3f7ac6b1 (0.07 above).
 */
const HIGHEST = 129;
const LOWEST = -152;

const EXCEPTIONS = [
  [0x3b429d37, 0x3f804385],
  [0xbcf3a937, 0x3f7ac6b1],
] as const;

export const exp2: ScalarFunction = unaryFunction("f32.exp2", (b, given) => {
  const x = atLeast(b, atMost(b, given, HIGHEST), LOWEST);
  const n = nearestInteger(b, x);
  const r = b.mul(b.sub(x, n.value), b.f64(Math.LN2));
  const significand = b.add(b.f64(1), exponentialLess1(b, r));
  return except(b, x, fromBits(b, b.add(bitsOf(b, significand), n.exponent)), EXCEPTIONS);
});
