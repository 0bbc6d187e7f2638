import type { DType } from "../../dtype.js";
import { AssayError } from "../../errors.js";
import { bf16ToNumber, f16ToNumber } from "../../scalar/half.js";
import { type Tensor, viewOf } from "../../tensor.js";
import type { LoweringContext } from "../definition.js";

/** The first element of a steering input: a number for floats, a bigint for integers and bools. */
export function scalarValue(context: LoweringContext, index: number): number | bigint {
  return elementAt(knownValue(context, index), 0);
}

/** The value of a steering input. Throws `graph/data-dependent` where it is only known at run time. */
export function knownValue(context: LoweringContext, index: number): Tensor {
  const t = context.values[index];
  if (t) return t;
  throw new AssayError(
    "graph/data-dependent",
    `${context.node}: input ${index} decides a shape, but its value is only known at run time`,
  );
}

/** One element of a tensor: a number for floats, a bigint for integers and bools. */
export function elementAt({ dtype, bytes }: Tensor, index: number): number | bigint {
  return READERS[dtype](viewOf(bytes), index);
}

const READERS: Readonly<Record<DType, (view: DataView, i: number) => number | bigint>> = {
  f32: (view, i) => view.getFloat32(4 * i, true),
  f16: (view, i) => f16ToNumber(view.getUint16(2 * i, true)),
  bf16: (view, i) => bf16ToNumber(view.getUint16(2 * i, true)),
  f64: (view, i) => view.getFloat64(8 * i, true),
  i8: (view, i) => BigInt(view.getInt8(i)),
  i16: (view, i) => BigInt(view.getInt16(2 * i, true)),
  i32: (view, i) => BigInt(view.getInt32(4 * i, true)),
  i64: (view, i) => view.getBigInt64(8 * i, true),
  u8: (view, i) => BigInt(view.getUint8(i)),
  u16: (view, i) => BigInt(view.getUint16(2 * i, true)),
  u32: (view, i) => BigInt(view.getUint32(4 * i, true)),
  u64: (view, i) => view.getBigUint64(8 * i, true),
  bool: (view, i) => BigInt(view.getUint8(i)),
};
