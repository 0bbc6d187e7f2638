import type { BodyBuilder, Register } from "../../program/builder.js";
import { literal } from "../../program/literal.js";
import type { Literal } from "../../program/types.js";
import type { Operand } from "./context.js";

/** An i32 or i64 index as an i64. */
export function wideIndex(b: BodyBuilder, index: Register): Register {
  return index.type === "i32" ? b.op("i64.extend_i32_s", index) : index;
}

/**
 * An index that was read, as a position on an axis of `extent`: a negative one counts from the end;
 * what lies outside the axis in either direction stays outside.
 */
export function axisPosition(b: BodyBuilder, index: Register, extent: number): Register {
  const wide = wideIndex(b, index);
  const fromEnd = b.add(wide, b.i64(extent));
  return b.select(b.lt(wide, b.i64(0)), fromEnd, wide);
}

/** A pad for reads of `indices` that lies outside every axis, from either end. */
export function nowhere(indices: Operand): Literal {
  return indices.dtype === "i32" ? literal("i32", -(2 ** 31)) : literal("i64", -(2n ** 63n));
}
