import type { ScalarFunction } from "../../program/types.js";
import { atMost, unaryFunction, withSignOf } from "./blocks.js";
import { hyperbolicParts } from "./hyperbolic.js";

const HIGHEST = 90;

export const sinh: ScalarFunction = unaryFunction("f32.sinh", (b, x) => {
  const a = atMost(b, b.op("f64.abs", x), HIGHEST);
  const { evenPower, oddPower, even, odd } = hyperbolicParts(b, a);
  return withSignOf(b, b.add(b.mul(oddPower, even), b.mul(evenPower, odd)), x);
});
