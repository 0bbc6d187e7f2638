import type { RegisterType } from "../dtype.js";
import type { Literal } from "./types.js";

const scratch = new DataView(new ArrayBuffer(8));

export const CANONICAL_NAN = { f32: 0x7fc00000n, f64: 0x7ff8000000000000n } as const;

/** Bits of an f32 value (rounded to nearest even), NaN canonical. */
export function f32Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7fc00000;
  scratch.setFloat32(0, value, true);
  return scratch.getUint32(0, true);
}

export function f32FromBits(bits: number): number {
  scratch.setUint32(0, bits, true);
  return scratch.getFloat32(0, true);
}

/** Bits of an f64 value, NaN canonical. */
export function f64Bits(value: number): bigint {
  if (Number.isNaN(value)) return CANONICAL_NAN.f64;
  scratch.setFloat64(0, value, true);
  return scratch.getBigUint64(0, true);
}

export function f64FromBits(bits: bigint): number {
  scratch.setBigUint64(0, bits, true);
  return scratch.getFloat64(0, true);
}

/** A value as a literal of `type`: floats rounded to nearest even, integers wrapped. */
export function literal(type: RegisterType, value: number | bigint): Literal {
  switch (type) {
    case "f32":
      return { type, bits: BigInt(f32Bits(Number(value))) };
    case "f64":
      return { type, bits: f64Bits(Number(value)) };
    case "i32":
      return { type, bits: BigInt.asUintN(32, BigInt(value)) };
    case "i64":
      return { type, bits: BigInt.asUintN(64, BigInt(value)) };
  }
}

export function zero(type: RegisterType): Literal {
  return { type, bits: 0n };
}

/** The JavaScript value of a literal as registers hold it: number for f32/f64/i32, bigint for i64. */
export function literalValue(l: Literal): number | bigint {
  switch (l.type) {
    case "f32":
      return f32FromBits(Number(l.bits));
    case "f64":
      return f64FromBits(l.bits);
    case "i32":
      return Number(BigInt.asIntN(32, l.bits));
    case "i64":
      return BigInt.asIntN(64, l.bits);
  }
}
