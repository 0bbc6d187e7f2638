import type { FunctionBuilder, Register } from "../../program/builder.js";
import { polynomial, Squares } from "./blocks.js";

/**
 * The core shared by exp2, exp10, expm1 and erfc: exp(r) − 1 = r + r²·Q(r) for |r| ≤ ln 2 / 2.
 *
 * Polynomial: degree 11, minimax in error relative to exp(r) − 1 (Remez exchange in 240-bit
 * arithmetic with 1 and ½ kept, coefficients rounded to f64 one after the other).
 *
 * Error: approximation 2^−55.2 relative to exp(r) − 1.
 */
const Q = [
  0.5, 0.16666666666666602, 0.04166666666662, 0.008333333333388353, 0.001388888892049937,
  0.00019841269709443588, 2.4801516362171363e-5, 2.7557424970326604e-6, 2.762222039717532e-7,
  2.504594220024351e-8,
];

export function exponentialLess1(b: FunctionBuilder, r: Register): Register {
  const powers = new Squares(b, r);
  return b.add(r, b.mul(powers.at(1), polynomial(b, powers, Q)));
}
