import type { DType } from "../../dtype.js";
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from "../../scalar/half.js";
import { viewOf } from "../../tensor.js";

/** Yields the register value of element `index` of a source. May throw: the referee's view does. */
export type ElementReader = (index: number) => number | bigint;

/** Reads elements of canonical little-endian bytes as registers. */
export function readerOf(dtype: DType, bytes: Uint8Array): ElementReader {
  const v = viewOf(bytes);
  switch (dtype) {
    case "f32":
      return (i) => v.getFloat32(i * 4, true);
    case "f64":
      return (i) => v.getFloat64(i * 8, true);
    case "f16":
      return (i) => f16ToNumber(v.getUint16(i * 2, true));
    case "bf16":
      return (i) => bf16ToNumber(v.getUint16(i * 2, true));
    case "i8":
      return (i) => v.getInt8(i);
    case "u8":
    case "bool":
      return (i) => v.getUint8(i);
    case "i16":
      return (i) => v.getInt16(i * 2, true);
    case "u16":
      return (i) => v.getUint16(i * 2, true);
    case "i32":
      return (i) => v.getInt32(i * 4, true);
    case "u32":
      return (i) => BigInt(v.getUint32(i * 4, true));
    case "i64":
    case "u64":
      return (i) => v.getBigInt64(i * 8, true);
  }
}

export type ElementWriter = (index: number, value: number | bigint) => void;

/** Stores registers as elements: rounds floats once, wraps integers, writes the canonical NaN. */
export function writerOf(dtype: DType, bytes: Uint8Array): ElementWriter {
  const v = viewOf(bytes);
  switch (dtype) {
    case "f32":
      return (i, x) =>
        Number.isNaN(x)
          ? v.setUint32(i * 4, 0x7fc00000, true)
          : v.setFloat32(i * 4, x as number, true);
    case "f64":
      return (i, x) =>
        Number.isNaN(x)
          ? v.setBigUint64(i * 8, 0x7ff8000000000000n, true)
          : v.setFloat64(i * 8, x as number, true);
    case "f16":
      return (i, x) => v.setUint16(i * 2, numberToF16(x as number), true);
    case "bf16":
      return (i, x) => v.setUint16(i * 2, numberToBf16(x as number), true);
    case "i8":
    case "u8":
      return (i, x) => v.setUint8(i, x as number);
    case "bool":
      return (i, x) => v.setUint8(i, x === 0 ? 0 : 1);
    case "i16":
    case "u16":
      return (i, x) => v.setUint16(i * 2, x as number, true);
    case "i32":
      return (i, x) => v.setInt32(i * 4, x as number, true);
    case "u32":
      return (i, x) => v.setUint32(i * 4, Number(BigInt.asUintN(32, x as bigint)), true);
    case "i64":
    case "u64":
      return (i, x) => v.setBigInt64(i * 8, x as bigint, true);
  }
}
