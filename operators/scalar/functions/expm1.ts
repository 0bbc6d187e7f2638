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
