import { DTYPES, type DType, isFloat } from "../../dtype.js";
import type { BodyBuilder, Register } from "../../program/builder.js";
import { literal } from "../../program/literal.js";
import type { Literal } from "../../program/types.js";

/** Maximum, minimum and the order of arg-max per dtype, and what they start from (rules 8, 11). */

/** The identity of `larger`: −∞, or the least integer of the dtype. */
export function lowest(dtype: DType): Literal {
  return literal(DTYPES[dtype].register, isFloat(dtype) ? Number.NEGATIVE_INFINITY : least(dtype));
}

/** The identity of `smaller`: +∞, or the greatest integer of the dtype. */
export function highest(dtype: DType): Literal {
  return literal(
    DTYPES[dtype].register,
    isFloat(dtype) ? Number.POSITIVE_INFINITY : greatest(dtype),
  );
}

function least(dtype: DType): bigint {
  return dtype.startsWith("i") ? -(1n << BigInt(DTYPES[dtype].size * 8 - 1)) : 0n;
}

function greatest(dtype: DType): bigint {
  if (dtype === "bool") return 1n;
  const bits = BigInt(DTYPES[dtype].size * 8);
  return dtype.startsWith("i") ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
}

/** The larger of two elements of `dtype`; floats: NaN wins, +0 > −0. */
export function larger(b: BodyBuilder, dtype: DType, x: Register, y: Register): Register {
  return isFloat(dtype) ? b.max(x, y) : b.select(below(b, dtype, x, y), y, x);
}

/** The smaller of two elements of `dtype`; floats: NaN wins, +0 > −0. */
export function smaller(b: BodyBuilder, dtype: DType, x: Register, y: Register): Register {
  return isFloat(dtype) ? b.min(x, y) : b.select(below(b, dtype, x, y), x, y);
}

/**
 * x < y as numbers of `dtype`, an i32 that is 0 or 1. Registers of every dtype but u64 hold the
 * element as a signed number, so only u64 needs the unsigned comparison.
 */
export function below(b: BodyBuilder, dtype: DType, x: Register, y: Register): Register {
  return dtype === "u64" ? b.op("i64.lt_u", x, y) : b.lt(x, y);
}

/**
 * Whether `value` wins strictly over `best` in arg-max ("greatest") or arg-min ("least"), an i32 0
 * or 1 (rule 8): numeric comparison, −0 equals +0, NaN wins over all but NaN. What does not win
 * strictly came later, so the first index wins.
 */
export function winsOver(
  b: BodyBuilder,
  dtype: DType,
  which: "greatest" | "least",
  value: Register,
  best: Register,
): Register {
  const [low, high] = which === "greatest" ? [best, value] : [value, best];
  if (!isFloat(dtype)) return below(b, dtype, low, high);
  return b.and(b.eq(best, best), b.not(b.le(high, low)));
}
