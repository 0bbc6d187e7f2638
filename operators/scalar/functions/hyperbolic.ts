import type { FunctionBuilder, Register } from "../../program/builder.js";
import { fromBits, LN2_HIGH, LN2_LOW, nearestInteger, polynomial, Squares } from "./blocks.js";

/**
 * The core shared by sinh and cosh: x = n·ln 2 + r with |r| ≤ ln 2 / 2, and with p = 2^n / 2, q = 2^−n / 2
 *   sinh(x) = (p − q)·cosh(r) + (p + q)·sinh(r),
 *   cosh(x) = (p + q)·cosh(r) + (p − q)·sinh(r).
 * Nothing is divided, and for small x, where n = 0, sinh(x) is sinh(r) alone.
 *
 * Polynomials: cosh(r) = 1 + u·C(u) and sinh(r) = r·S(u) in u = r², degrees 5 and 5, minimax in relative
 * error (Remez exchange in 240-bit arithmetic with 1 and ½ kept, coefficients rounded to f64 one after
 * the other), 2^−57.4 and 2^−61.7. Then S's first coefficient, 1, was made one f64 smaller: it decides the
 * hard case of sinh.
 */
const C = [
  0.5, 0.041666666666603666, 0.0013888888926920208, 2.4801508523454986e-5, 2.7625250496156184e-7,
];
const S = [
  0.9999999999999999, 0.16666666666666677, 0.008333333333321372, 0.00019841269886882335,
  2.755724335607268e-6, 2.510936367493833e-8,
];

const HALF = 0x3fe0000000000000n;

export function hyperbolicParts(
  b: FunctionBuilder,
  x: Register,
): {
  readonly evenPower: Register;
  readonly oddPower: Register;
  readonly even: Register;
  readonly odd: Register;
} {
  const n = nearestInteger(b, b.mul(x, b.f64(Math.LOG2E)));
  const high = b.sub(x, b.mul(n.value, b.f64(LN2_HIGH)));
  const r = b.sub(high, b.mul(n.value, b.f64(LN2_LOW)));
  const u = new Squares(b, b.mul(r, r));
  const up = fromBits(b, b.add(b.i64(HALF), n.exponent));
  const down = fromBits(b, b.sub(b.i64(HALF), n.exponent));
  return {
    evenPower: b.add(up, down),
    oddPower: b.sub(up, down),
    even: b.add(b.f64(1), b.mul(u.at(0), polynomial(b, u, C))),
    odd: b.mul(r, polynomial(b, u, S)),
  };
}
