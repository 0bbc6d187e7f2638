import type { ScalarFunction } from "../../program/types.js";
import { atMost, polynomial, Squares, unaryFunction, withSignOf } from "./blocks.js";

/**
 * erf, correctly rounded for all 2^32 inputs.
 *
 * Formula: erf(x) = x·P(x²) ÷ Q(x²) for |x| ≤ 3.84; beyond 3.8325 the result rounds to ±1, and the
 * fraction does too up to the cut-off at 4. The sign is set at the end (−0 stays −0).
 *
 * Rational function: degrees 10 and 10 in u = x², minimax in relative error on 0 ≤ u ≤ 3.84²
 * (Sanathanan–Koerner iteration with Lawson weights in 300-bit arithmetic). All coefficients that
 * count are positive: nothing cancels, and the whole range needs no pieces and no exp.
 *
 * Error: approximation 2^−57.4 relative; in all at most 6.5 units of the last place of f64, measured
 * at 2·10^6 points.
 *
 * Hard cases: none to patch. ±3940ead6 → ±3959af14 lie 0.08 units of the last place of f64 from the
 * middle of two f32; P's first coefficient is one f64 above the fitted one, which decides them
 * rightly. The next are ±39c0057d → ±39d8ac49, 2.6 units away.
 */
const P = [
  1.1283791670955128, 0.1810798347520899, 0.057544449507282526, 0.004468326154249276,
  0.000573547008280548, 2.4937147479653603e-5, 1.613857403654256e-6, 3.249046248871415e-8,
  9.178739892255526e-10, -7.717352004112275e-12, -5.2208054176469146e-14,
];
const Q = [
  1, 0.49381115854717195, 0.11560116007942696, 0.016922078930929056, 0.0017166486778408035,
  0.00012592986454414409, 6.7198381875589276e-6, 2.5193073142055e-7, 5.870974507553816e-9,
  4.671862952241776e-11, -1.2358799827373252e-12,
];
const HIGHEST = 4;

export const erf: ScalarFunction = unaryFunction("f32.erf", (b, x) => {
  const a = atMost(b, b.op("f64.abs", x), HIGHEST);
  const u = new Squares(b, b.mul(a, a));
  const numerator = b.mul(a, polynomial(b, u, P));
  return withSignOf(b, b.div(numerator, polynomial(b, u, Q)), x);
});
