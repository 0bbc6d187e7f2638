import type { ScalarFunction } from "../../program/types.js";
import { evenFunction } from "./symmetry.js";
import { reduceToQuarter, sineOf } from "./turns.js";

/**
 * cos, correctly rounded for all 2^32 inputs.
 *
 * Formula: cos(x) is the sine of one quarter turn more: x = n quarter turns + a, |a| ≤ 1/8 turn;
 * ±sin(2πa) where n + 1 is even, ±cos(2πa) where it is odd. Reduction and polynomials: see
 * `reduceToQuarter`. cos(±∞) is NaN.
 *
 * Error: at most 2.8 units of the last place of f64, measured at 10^6 points.
 *
 * Hard cases: two pairs are patched, 0.17 and 0.13 units of the last place of f64 from the middle of
 * two f32.
 */
const PATCHES = [
  [0x5f18b878, 0x3f7f14bb],
  [0x6115cb11, 0x3f78142f],
] as const;

export const cos: ScalarFunction = evenFunction("f32.cos", PATCHES, (b, x) => {
  const { quarters, rest } = reduceToQuarter(b, x);
  return sineOf(b, b.add(quarters, b.i64(1)), rest);
});
