import type { FunctionBuilder, Register } from "../../program/builder.js";
import { LN2_HIGH, LN2_LOW, polynomial, Squares, subtractToOdd } from "./blocks.js";

/**
 * The core shared by log, log1p, asinh and acosh: k·ln 2 + log(1 + f) for √½ ≤ 1 + f < √2, rounded to
 * odd; and its parts, from which log2, log10 and atanh are made.
 *
 * Formula: s = f ÷ (2 + f); log(1 + f) = 2·artanh(s) = f − (f²/2 − s·(f²/2 + s²·R(s²))), where
 * 2·artanh(s) = 2s + s·s²·R(s²). The result is A − B with A = k·LN2_HIGH + f, which is exact where f
 * comes from an f32 (not in asinh and acosh), and
 * B = f²/2 − s·(…) − k·LN2_LOW, which is small; only A − B loses bits, and it is rounded to odd.
 *
 * Polynomial: R, degree 6, minimax in error relative to 2·artanh(s)/s for s² ≤ (√2 − 1)⁴ (Remez
 * exchange in 240-bit arithmetic, coefficients rounded to f64 one after the other).
 *
 * Error: approximation 2^−59.4 relative to log(1 + f); in all at most 1.5 units of the last place of
 * f64 (rounding to odd alone can cost 1), measured at 4·10^6 points.
 *
 * Source of the method: the substitution s = f ÷ (2 + f) of K. C. Ng's log in fdlibm, 1993.
 */
const R = [
  0.6666666666666735, 0.39999999999409136, 0.28571428743781524, 0.22222198414562416,
  0.18183573337945924, 0.15313801257318366, 0.1479862343596371,
];

/** s²·R(s²) = 2·artanh(s)/s − 2 for |s| ≤ (√2 − 1)². */
export function artanhSeries(b: FunctionBuilder, s: Register): Register {
  const z = b.mul(s, s);
  return b.mul(z, polynomial(b, new Squares(b, z), R));
}

/** f − log(1 + f) for √½ ≤ 1 + f < √2. */
export function logarithmCorrection(b: FunctionBuilder, f: Register): Register {
  const s = b.div(f, b.add(b.f64(2), f));
  const half = b.mul(b.mul(b.f64(0.5), f), f);
  return b.sub(half, b.mul(s, b.add(half, artanhSeries(b, s))));
}

export function logarithm(b: FunctionBuilder, k: Register, f: Register): Register {
  const correction = logarithmCorrection(b, f);
  const small = b.sub(correction, b.mul(k, b.f64(LN2_LOW)));
  return subtractToOdd(b, b.add(b.mul(k, b.f64(LN2_HIGH)), f), small);
}

/** The values where x (the argument of the logarithm) is not a positive finite number. */
export function logarithmCorners(b: FunctionBuilder, x: Register, value: Register): Register {
  const finite = b.select(b.lt(x, b.f64(Number.POSITIVE_INFINITY)), value, x);
  const positive = b.select(b.lt(x, b.f64(0)), b.f64(Number.NaN), finite);
  return b.select(b.eq(x, b.f64(0)), b.f64(Number.NEGATIVE_INFINITY), positive);
}
