import type { ScalarFunction } from "../../program/types.js";
import { oddFunction } from "./symmetry.js";
import { isOdd, reduceToQuarter, sineAndCosine } from "./turns.js";

/**
 * tan, correctly rounded for all 2^32 inputs.
 *
 * Formula: x = n quarter turns + a, |a| ≤ 1/8 turn; sin(2πa) ÷ cos(2πa) where n is even,
 * −cos(2πa) ÷ sin(2πa) where it is odd. Reduction and polynomials: see `reduceToQuarter`.
 * tan(−0) = −0, tan(±∞) is NaN.
 *
 * Error: at most 3.8 units of the last place of f64, measured at 6·10^5 points.
 *
 * Hard cases: none to patch.
 */
export const tan: ScalarFunction = oddFunction("f32.tan", [], (b, x) => {
  const { quarters, rest } = reduceToQuarter(b, x);
  const { sine, cosine } = sineAndCosine(b, rest);
  const odd = isOdd(b, quarters);
  return b.div(b.select(odd, b.op("f64.neg", cosine), sine), b.select(odd, sine, cosine));
});
