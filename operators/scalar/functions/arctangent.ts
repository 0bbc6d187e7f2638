import type { FunctionBuilder, Register } from "../../program/builder.js";
import { polynomial, Squares } from "./blocks.js";

/**
 * What atan and atan2 share: the angle of the vector (x, y) with x ≥ 0, y ≥ 0, not both 0.
 *
 * Formula: the vector is turned back by a base angle, 0, π/4 or π/2, whichever is nearest, so that
 * v = numerator ÷ denominator of what remains lies within tan(π/8): y ÷ x, (y − x) ÷ (y + x) or
 * −x ÷ y. Then base + atan(v) with atan(v) = v + v·z·P(z), z = v². Numerator and denominator are
 * exact: in the middle case x and y are f32 within a factor of 2.42, and 25 bits hold their sum.
 *
 * Polynomial: P, degree 11, minimax in error relative to atan(v)/v for |v| ≤ tan(π/8) (Remez exchange
 * in 240-bit arithmetic, coefficients rounded to f64 one after the other): 2^−63.9.
 */
const P = [
  -0.33333333333333326, 0.19999999999997098, -0.1428571428531708, 0.111111110838059,
  -0.0909090798855681, 0.0769227927128474, -0.0666617582444559, 0.058765283912519645,
  -0.05215261324199389, 0.04490898192359193, -0.03318280733564837, 0.014901760469725012,
];

const TAN_EIGHTH_OF_PI = 0.41421356237309503;
const QUARTER_OF_PI = [0.7853981633974483, 3.061616997868383e-17] as const;
const HALF_OF_PI = [1.5707963267948966, 6.123233995736766e-17] as const;

export interface Angle {
  readonly base: Register;
  /** The rest of the angle, and what the base lacks: base + (rest + low). */
  readonly rest: Register;
}

/** The angle as base + rest, the base rounded to f64 and the rest with what that lost. */
export function angleOf(b: FunctionBuilder, x: Register, y: Register): Angle {
  const isLow = b.le(y, b.mul(x, b.f64(TAN_EIGHTH_OF_PI)));
  const isHigh = b.lt(x, b.mul(y, b.f64(TAN_EIGHTH_OF_PI)));
  const three = (low: Register, middle: Register, high: Register): Register =>
    b.select(isLow, low, b.select(isHigh, high, middle));
  const numerator = three(y, b.sub(y, x), b.op("f64.neg", x));
  const v = b.div(numerator, three(x, b.add(y, x), y));
  const z = new Squares(b, b.mul(v, v));
  const tail = b.mul(v, b.mul(z.at(0), polynomial(b, z, P)));
  const base = (part: 0 | 1): Register =>
    three(b.f64(0), b.f64(QUARTER_OF_PI[part]), b.f64(HALF_OF_PI[part]));
  return { base: base(0), rest: b.add(v, b.add(tail, base(1))) };
}
