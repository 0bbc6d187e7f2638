import { isFloat } from "../dtype.js";
import type { BodyBuilder, Register } from "../program/builder.js";
import { intAttribute, invalid } from "./shared/context.js";
import { binary, FUNCTION_FLOATS, INTEGERS } from "./shared/elementwise.js";

/**
 * Mod: with `fmod = 0` the remainder has the divisor's sign, with 1 the dividend's.
 *
 * Integers: x mod 0 = 0 (rule 3). Floats take `fmod = 1` only; their remainder is exact, so f16 and
 * bf16 do not round; x mod ±∞ = x, ±∞ mod y and x mod 0 are NaN, zero results have x's sign.
 * Dtypes: all integers, f32, f16, bf16, operands alike.
 * Errors: `operator/invalid` where dtypes differ, shapes do not broadcast, or fmod is 0 for floats.
 * Source: ONNX Mod, versions 10, 13.
 */
export const mod = binary({
  name: "Mod",
  versions: [10, 13],
  dtypes: [...INTEGERS, ...FUNCTION_FLOATS],
  element(b, x, y, dtype, context) {
    const truncated = intAttribute(context, "fmod", 0) !== 0;
    if (isFloat(dtype)) {
      if (!truncated) throw invalid(context, "the remainder of floats needs fmod = 1");
      return floatRemainder(b, x, y);
    }
    if (dtype === "u64") return b.op("i64.rem_u", x, y);
    return integerRemainder(b, x, y, truncated);
  },
});

function integerRemainder(b: BodyBuilder, x: Register, y: Register, truncated: boolean): Register {
  const type = x.type === "i64" ? "i64" : "i32";
  const remainder = b.op(`${type}.rem_s`, x, y);
  if (truncated) return remainder;
  const zero = b.of(type, 0);
  const mixed = b.lt(b.op(`${type}.xor`, remainder, y), zero);
  const wrong = b.and(mixed, b.not(b.eq(remainder, zero)));
  return b.select(wrong, b.add(remainder, y), remainder);
}

/** Bits of the quotient that one round of long division takes off. */
const ROUND_BITS = 28;

/**
 * fmod of f32 by long division in f64, which is exact: each round subtracts q · |y| · 2^(28 j) with
 * q ≤ 2^28, a product of at most 53 bits. A quotient rounded up by one is put right by adding the
 * divisor back. Ten rounds cover the 277 binary orders between the largest and the smallest f32.
 */
function floatRemainder(b: BodyBuilder, x: Register, y: Register): Register {
  const divisor = b.op("f64.promote_f32", b.op("f32.abs", y));
  const dividend = b.op("f64.promote_f32", b.op("f32.abs", x));
  let rest = dividend;
  for (let j = 9; j >= 0; j--) {
    const scaled = b.mul(divisor, b.f64(2 ** (ROUND_BITS * j)));
    const quotient = b.op("f64.trunc", b.div(rest, scaled));
    const next = b.sub(rest, b.mul(quotient, scaled));
    rest = b.select(b.lt(next, b.f64(0)), b.add(next, scaled), next);
  }
  const infinity = b.f64(Number.POSITIVE_INFINITY);
  const untouched = b.and(b.lt(dividend, infinity), b.eq(divisor, infinity));
  const magnitude = b.op("f32.demote_f64", b.select(untouched, dividend, rest));
  const isNegative = b.lt(b.op("i32.reinterpret_f32", x), b.i32(0));
  return b.select(isNegative, b.op("f32.neg", magnitude), magnitude);
}
