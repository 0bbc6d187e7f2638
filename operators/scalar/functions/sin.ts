import type { ScalarFunction } from "../../program/types.js";
import { oddFunction } from "./symmetry.js";
import { reduceToQuarter, sineOf } from "./turns.js";

/**
 * sin, correctly rounded for all 2^32 inputs.
 *
 * Formula: x = n quarter turns + a, |a| ≤ 1/8 turn; ±sin(2πa) where n is even, ±cos(2πa) where it is
 * odd. Reduction and polynomials: see `reduceToQuarter`. sin(−0) = −0, sin(±∞) is NaN.
 *
 * Error: at most 2.8 units of the last place of f64, measured at 10^6 points.
 *
 * Hard cases: one pair is patched, 0.35 units of the last place of f64 from the middle of two f32.
 */
const PATCHES = [[0x46199998, 0xbeb1fa5d]] as const;

export const sin: ScalarFunction = oddFunction("f32.sin", PATCHES, (b, x) => {
  const { quarters, rest } = reduceToQuarter(b, x);
  return sineOf(b, quarters, rest);
});
