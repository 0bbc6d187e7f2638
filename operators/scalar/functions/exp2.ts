import type { ScalarFunction } from "../../program/types.js";
import { atLeast, atMost, bitsOf, except, fromBits, nearestInteger, unaryFunction } from "./blocks.js";
import { exponentialLess1 } from "./exponential.js";

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
