import { FunctionBuilder, type Register } from "../../program/builder.js";
import type { ScalarFunction } from "../../program/types.js";
import {
  bitsOf,
  clearLowBits,
  fromBits,
  nearestInteger,
  polynomial,
  Squares,
  signBit,
  splitExponent,
} from "./blocks.js";

/**
 * pow(x, y): this program is the contract. Largest error found: 0.5 + 2^−27.8 ULP, at
 * x = 41200000, y = b25e5bd9. Misrounded are 6 of the 2^33 pairs with x = 2 or 10, and 10 of 3·10^9
 * random ones, where the results whose f64 lies within 8 units of its last place of a midpoint of
 * two f32 were judged with GNU MPFR; of 1.2·10^7 further pairs all were, and none is wrong. Exact
 * results and exact midpoints (rounded to even) are all right: the 3.4 million pairs that have one
 * were compared, and every x with y = ±1, 2, 3, ±½. errors.json records a measurement at directed and
 * 10^7 random pairs, against true values in double-double arithmetic.
 *
 * Formula: |x|^y = 2^(y·log2|x|). log2|x| is a sum of two f64, high (29 bits, so that y·high is
 * exact) and low; 2^t is computed in f64 and then rounded to 51 bits, so that every exact result
 * and every midpoint of two f32, which have at most 25 bits, is met although the last bits of the
 * f64 are uncertain.
 *
 * log2: |x| = 2^k·m with √½ ≤ m < √2, f = m − 1, s = f ÷ (2 + f) = sHigh + sLow, sHigh with 28 bits:
 * sHigh·(2 + f) is exact, hence sLow as well as one rounding. log2(m) = C·s + s³·R(s²), where
 * C = 2/ln 2 = C_HIGH + C_LOW and C_HIGH·sHigh is exact. R: degree 7, minimax in relative error
 * (Remez exchange, 240 bits). Relative error of high + low: 2^−57.3 measured at 2·10^6 points.
 *
 * 2^t: t = n + r, v = r·ln 2, 1 + (v + v²·Q(v)), degree 11, minimax with 1, 1, ½ kept, 2^−55.2.
 * Before it is rounded to 51 bits, |x|^y has an error of at most 4.4 units of the last place of f64
 * (measured at the same points); it grows with |y·log2x|.
 *
 * Corners as in C99 Annex F: pow(x, ±0) = pow(1, y) = 1 also for NaN, pow(−1, ±∞) = 1, a negative
 * finite x with a y that is no integer gives NaN, odd integers y keep the sign of x.
 */
const R = [
  0.9617966939259756, 0.5770780163556546, 0.4121985830824448, 0.32059890347904285,
  0.2623076175316169, 0.22198723005831428, 0.19118970546487896, 0.19092651545925224,
];
const C_HIGH = 2.885390043258667;
const C_LOW = 3.851925982253235e-8;

const Q = [
  0.5, 0.16666666666661953, 0.04166666666661992, 0.008333333336530297, 0.0013888888920540116,
  0.00019841262670796037, 2.4801516302676802e-5, 2.7563856043495843e-6, 2.762224769058941e-7,
  2.297800172030701e-8,
];

/** A logarithm of 0 or ∞ so large that y·log2 overflows or underflows f32 for every y ≠ 0. */
const HUGE = 2 ** 200;
/** 2^±200 is beyond every f32. */
const RANGE = 200;

export const pow: ScalarFunction = buildPow();

function buildPow(): ScalarFunction {
  const b = new FunctionBuilder(["f32", "f32"]);
  const x = b.op("f64.promote_f32", b.parameter(0));
  const y = b.op("f64.promote_f32", b.parameter(1));
  const magnitude = b.op("f64.abs", x);
  const power = exp2Product(b, log2(b, magnitude), y);
  const unsigned = b.select(b.eq(magnitude, b.f64(1)), b.f64(1), power);
  return b.finish("f32.pow", b.op("f32.demote_f64", corners(b, x, y, unsigned)));
}

interface Sum {
  readonly high: Register;
  readonly low: Register;
}

/** log2(x) for x ≥ 0 as a sum of two f64, the first with at most 29 significant bits. */
function log2(b: FunctionBuilder, x: Register): Sum {
  const { k, m } = splitExponent(b, x);
  const f = b.sub(m, b.f64(1));
  const denominator = b.add(f, b.f64(2));
  const s = b.div(f, denominator);
  const sHigh = clearLowBits(b, s, 25);
  const sLow = b.div(b.sub(f, b.mul(sHigh, denominator)), denominator);
  const z = b.mul(s, s);
  const series = b.mul(b.mul(s, z), polynomial(b, new Squares(b, z), R));
  const low = b.add(b.mul(sLow, b.f64(C_HIGH)), b.mul(s, b.f64(C_LOW)));
  const main = b.mul(sHigh, b.f64(C_HIGH));
  // k is 0 or larger than the rest, so that this difference (Dekker's Fast2Sum) is the exact error.
  const sum = b.add(k, main);
  const rest = b.add(b.sub(main, b.sub(sum, k)), b.add(series, low));
  const high = clearLowBits(b, b.add(sum, rest), 24);
  const exact = { high, low: b.add(b.sub(sum, high), rest) };
  const ofZero = b.select(b.eq(x, b.f64(0)), b.f64(-HUGE), exact.high);
  const infinite = b.eq(x, b.f64(Number.POSITIVE_INFINITY));
  return { high: b.select(infinite, b.f64(HUGE), ofZero), low: exact.low };
}

/** 2^(y·(high + low)), rounded to 51 bits. Never NaN: ∞·0 counts as the upper bound here. */
function exp2Product(b: FunctionBuilder, log: Sum, y: Register): Register {
  const high = clamp(b, b.mul(y, log.high), RANGE);
  const low = clamp(b, b.mul(y, log.low), 1);
  const n = nearestInteger(b, high);
  const r = b.add(b.sub(high, n.value), low);
  const v = b.mul(r, b.f64(Math.LN2));
  const powers = new Squares(b, v);
  const tail = b.mul(powers.at(1), polynomial(b, powers, Q));
  const significand = b.add(b.f64(1), b.add(v, tail));
  const scaled = b.add(bitsOf(b, significand), n.exponent);
  return fromBits(b, b.and(b.add(scaled, b.i64(2)), b.i64(-4)));
}

/** x within ±limit; a NaN becomes the limit. */
function clamp(b: FunctionBuilder, x: Register, limit: number): Register {
  const high = b.f64(limit);
  const low = b.f64(-limit);
  const below = b.select(b.lt(x, high), x, high);
  return b.select(b.lt(low, below), below, low);
}

/** Sign, NaN and 1, given |x|^y. */
function corners(b: FunctionBuilder, x: Register, y: Register, unsigned: Register): Register {
  const half = b.mul(y, b.f64(0.5));
  const integer = b.eq(b.op("f64.trunc", y), y);
  const even = b.eq(b.op("f64.trunc", half), half);
  const odd = b.and(integer, b.not(even));
  const sign = b.select(odd, signBit(b, x), b.i64(0));
  const signed = fromBits(b, b.or(bitsOf(b, unsigned), sign));
  const negative = b.and(b.lt(x, b.f64(0)), b.lt(b.f64(Number.NEGATIVE_INFINITY), x));
  const imaginary = b.and(negative, b.not(integer));
  const ordered = b.and(b.eq(x, x), b.eq(y, y));
  const value = b.select(b.and(ordered, b.not(imaginary)), signed, b.f64(Number.NaN));
  const one = b.or(b.eq(y, b.f64(0)), b.eq(x, b.f64(1)));
  return b.select(one, b.f64(1), value);
}
