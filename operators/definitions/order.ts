import { type DType, isFloat } from "../dtype.js";
import type { BodyBuilder, Register } from "../program/builder.js";
import { below } from "./extremes.js";

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
