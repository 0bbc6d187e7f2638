import type { ScalarFunction } from "../../program/types.js";
import { splitExponent, unaryFunction } from "./blocks.js";
import { logarithmCorners, logarithmCorrection } from "./logarithm.js";

export const log2: ScalarFunction = unaryFunction("f32.log2", (b, x) => {
  const { k, m } = splitExponent(b, x);
  const f = b.sub(m, b.f64(1));
  const natural = b.sub(f, logarithmCorrection(b, f));
  return logarithmCorners(b, x, b.add(k, b.mul(natural, b.f64(Math.LOG2E))));
});
