import type { ScalarFunction } from "../../program/types.js";
import { atMost, unaryFunction } from "./blocks.js";
import { hyperbolicParts } from "./hyperbolic.js";

const HIGHEST = 90;

export const cosh: ScalarFunction = unaryFunction("f32.cosh", (b, x) => {
  const a = atMost(b, b.op("f64.abs", x), HIGHEST);
  const { evenPower, oddPower, even, odd } = hyperbolicParts(b, a);
  return b.add(b.mul(evenPower, even), b.mul(oddPower, odd));
});
