import { FunctionBuilder } from "../../program/builder.js";
import type { ScalarFunction } from "../../program/types.js";

/**
 * fmod(x, y) = x − y·trunc(x ÷ y): this program is the contract, and its result is the true one for
 * all inputs, because the remainder of two f32 is an f32 and every step is exact. Error: 0 ULP,
 * also measured, at 5929 directed pairs and 10^7 random ones (errors.json).
 *
 * Formula: long division in f64. Each round subtracts q·|y|·2^(28 j) with q ≤ 2^28, a product of at
 * most 53 bits. A quotient rounded up by one is put right by adding the divisor back. Ten rounds
 * cover the 277 binary orders between the largest and the smallest f32.
 *
 * Corners as in C99 Annex F: fmod(x, ±∞) = x for finite x, fmod(±∞, y) and fmod(x, ±0) are NaN, the
 * result has the sign of x, zeros included.
 */
const ROUNDS = 10;
/** Bits of the quotient that one round takes off. */
const ROUND_BITS = 28;

export const fmod: ScalarFunction = buildFmod();

function buildFmod(): ScalarFunction {
  const b = new FunctionBuilder(["f32", "f32"]);
  const x = b.parameter(0);
  const dividend = b.op("f64.promote_f32", b.op("f32.abs", x));
  const divisor = b.op("f64.promote_f32", b.op("f32.abs", b.parameter(1)));
  let rest = dividend;
  for (let j = ROUNDS - 1; j >= 0; j--) {
    const scaled = b.mul(divisor, b.f64(2 ** (ROUND_BITS * j)));
    const quotient = b.op("f64.trunc", b.div(rest, scaled));
    const next = b.sub(rest, b.mul(quotient, scaled));
    rest = b.select(b.lt(next, b.f64(0)), b.add(next, scaled), next);
  }
  const infinity = b.f64(Number.POSITIVE_INFINITY);
  const untouched = b.and(b.lt(dividend, infinity), b.eq(divisor, infinity));
  const magnitude = b.op("f32.demote_f64", b.select(untouched, dividend, rest));
  const isNegative = b.lt(b.op("i32.reinterpret_f32", x), b.i32(0));
  return b.finish("f32.fmod", b.select(isNegative, b.op("f32.neg", magnitude), magnitude));
}
