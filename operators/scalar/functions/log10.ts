import type { ScalarFunction } from "../../program/types.js";
import { except, splitExponent, unaryFunction } from "./blocks.js";
import { logarithmCorners, logarithmCorrection } from "./logarithm.js";

const LOG10_2_HIGH = 0.30102999566398125;
const LOG10_2_LOW = -5.8314879359043e-17;

const EXCEPTIONS = [[0x0efeee7a, 0xc1e99d23]] as const;

export const log10: ScalarFunction = unaryFunction("f32.log10", (b, x) => {
  const { k, m } = splitExponent(b, x);
  const f = b.sub(m, b.f64(1));
  const natural = b.sub(f, logarithmCorrection(b, f));
  const small = b.add(b.mul(natural, b.f64(Math.LOG10E)), b.mul(k, b.f64(LOG10_2_LOW)));
  const value = b.add(b.mul(k, b.f64(LOG10_2_HIGH)), small);
  return except(b, x, logarithmCorners(b, x, value), EXCEPTIONS);
});
