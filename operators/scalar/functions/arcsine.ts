import type { FunctionBuilder, Register } from "../../program/builder.js";
import { polynomial, Squares } from "./blocks.js";

/**
 * The series shared by asin and acos: asin(v) = v + v·z·P(z) for |v| ≤ ½, z = v².
 *
 * Polynomial: P, degree 13, minimax in error relative to asin(v)/v (Remez exchange in 240-bit
 * arithmetic, coefficients rounded to f64 one after the other): 2^−63.8.
 *
 * For ½ < |x| ≤ 1, asin|x| = π/2 − 2·asin(v) with v = √w, w = (1 − |x|)/2. w is exact and is used for
 * z, so that the root's rounding counts once. Source of the identity: fdlibm's e_asin.c, 1993.
 */
const P = [
  0.1666666666666666, 0.07500000000002384, 0.04464285713982736, 0.03038194463773473,
  0.022372151813330438, 0.01735294104675246, 0.013961932517827859, 0.011585403003334264,
  0.009485900702861835, 0.010000593736113847, 0.000711604775681392, 0.024764455612995704,
  -0.02607257339900844, 0.03360105011517711,
];

export const HALF_PI_HIGH = 1.5707963267948966;
export const HALF_PI_LOW = 6.123233995736766e-17;

export interface Arcsine {
  /** |x| ≤ ½. */
  readonly isSmall: Register;
  /** asin|x| = v + tail where small, else π/2 − 2·(v + tail). */
  readonly v: Register;
  readonly tail: Register;
}

/** For |x| ≤ 1; NaN beyond, because the root is. */
export function arcsine(b: FunctionBuilder, magnitude: Register): Arcsine {
  const isSmall = b.le(magnitude, b.f64(0.5));
  const w = b.mul(b.sub(b.f64(1), magnitude), b.f64(0.5));
  const v = b.select(isSmall, magnitude, b.op("f64.sqrt", w));
  const z = new Squares(b, b.select(isSmall, b.mul(magnitude, magnitude), w));
  return { isSmall, v, tail: b.mul(v, b.mul(z.at(0), polynomial(b, z, P))) };
}
