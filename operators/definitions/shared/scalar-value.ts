import type { DType } from "../../dtype.js";
import { AssayError } from "../../errors.js";
import { bf16ToNumber, f16ToNumber } from "../../scalar/half.js";
import { viewOf } from "../../tensor.js";
import type { LoweringContext } from "../definition.js";

/** The first element of a steering input: a number for floats, a bigint for integers and bools. */
export function scalarValue(context: LoweringContext, index: number): number | bigint {
  const t = context.values[index];
  if (!t) {
    throw new AssayError(
      "graph/data-dependent",
      `${context.node}: input ${index} decides a shape, but its value is only known at run time`,
    );
  }
  return READERS[t.dtype](viewOf(t.bytes));
}

const READERS: Readonly<Record<DType, (view: DataView) => number | bigint>> = {
  f32: (view) => view.getFloat32(0, true),
  f16: (view) => f16ToNumber(view.getUint16(0, true)),
  bf16: (view) => bf16ToNumber(view.getUint16(0, true)),
  f64: (view) => view.getFloat64(0, true),
  i8: (view) => BigInt(view.getInt8(0)),
  i16: (view) => BigInt(view.getInt16(0, true)),
  i32: (view) => BigInt(view.getInt32(0, true)),
  i64: (view) => view.getBigInt64(0, true),
  u8: (view) => BigInt(view.getUint8(0)),
  u16: (view) => BigInt(view.getUint16(0, true)),
  u32: (view) => BigInt(view.getUint32(0, true)),
  u64: (view) => view.getBigUint64(0, true),
  bool: (view) => BigInt(view.getUint8(0)),
};
