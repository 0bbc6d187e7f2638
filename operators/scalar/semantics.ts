import { f32Bits, f32FromBits, f64Bits, f64FromBits } from "../program/literal.js";
import type { FunctionOp, MicroOp } from "../program/micro-ops.js";

/**
 * What each micro-op does, on JavaScript values: f32, f64 and i32 registers are numbers (an f32
 * always representable as one, an i32 signed), i64 registers are signed bigints.
 *
 * f32 + − × ÷ √ are computed in f64 and rounded to f32: innocuous double rounding, because
 * 53 ≥ 2·24 + 2 (Figueroa, "When is double rounding innocuous?", 1995).
 */
// biome-ignore lint/suspicious/noExplicitAny: operand types are proved by validateProgram
type Semantics = (a: any, b: any, c: any) => number | bigint;

const fround = Math.fround;
const i64 = (x: bigint): bigint => BigInt.asIntN(64, x);
const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
const bool = (x: boolean): number => (x ? 1 : 0);

/** Nearest integer, half to even, keeping the sign of zero; exact for every f64. */
export function nearest(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < 2 ** 52)) return x;
  const rounded = magnitude + 2 ** 52 - 2 ** 52;
  return x < 0 || Object.is(x, -0) ? -rounded : rounded;
}

/** i64 → f32 rounded once: bits that f64 cannot hold are folded into a sticky bit first. */
function i64ToF32(x: bigint): number {
  const magnitude = x < 0n ? -x : x;
  if (magnitude < 1n << 53n) return fround(Number(x));
  const sticky = (magnitude & 0x7ffn) === 0n ? 0n : 1n;
  const rounded = fround(Number((magnitude >> 11n) | sticky)) * 2048;
  return x < 0n ? -rounded : rounded;
}

function saturate(x: number, min: number, max: number): number {
  if (Number.isNaN(x)) return 0;
  return Math.min(Math.max(Math.trunc(x), min), max) | 0;
}

function saturateBig(x: number, min: bigint, max: bigint): bigint {
  if (Number.isNaN(x)) return 0n;
  if (x === Number.POSITIVE_INFINITY) return max;
  if (x === Number.NEGATIVE_INFINITY) return min;
  const t = BigInt(Math.trunc(x));
  return t < min ? min : t > max ? max : t;
}

const I64_MIN = -(1n << 63n);
const I64_MAX = (1n << 63n) - 1n;
const U64_MAX = (1n << 64n) - 1n;

/** floor, ceil, trunc, abs, neg, min, max of JavaScript agree with the contract on NaN and zeros. */
export const SEMANTICS: Readonly<Record<Exclude<MicroOp, FunctionOp>, Semantics>> = {
  "f32.add": (a: number, b: number) => fround(a + b),
  "f32.sub": (a: number, b: number) => fround(a - b),
  "f32.mul": (a: number, b: number) => fround(a * b),
  "f32.div": (a: number, b: number) => fround(a / b),
  "f32.min": (a: number, b: number) => Math.min(a, b),
  "f32.max": (a: number, b: number) => Math.max(a, b),
  "f32.sqrt": (a: number) => fround(Math.sqrt(a)),
  "f32.abs": (a: number) => Math.abs(a),
  "f32.neg": (a: number) => -a,
  "f32.floor": (a: number) => Math.floor(a),
  "f32.ceil": (a: number) => Math.ceil(a),
  "f32.trunc": (a: number) => Math.trunc(a),
  "f32.nearest": nearest,
  "f32.eq": (a: number, b: number) => bool(a === b),
  "f32.lt": (a: number, b: number) => bool(a < b),
  "f32.le": (a: number, b: number) => bool(a <= b),
  "f32.select": (c: number, a: number, b: number) => (c !== 0 ? a : b),
  "f64.add": (a: number, b: number) => a + b,
  "f64.sub": (a: number, b: number) => a - b,
  "f64.mul": (a: number, b: number) => a * b,
  "f64.div": (a: number, b: number) => a / b,
  "f64.min": (a: number, b: number) => Math.min(a, b),
  "f64.max": (a: number, b: number) => Math.max(a, b),
  "f64.sqrt": (a: number) => Math.sqrt(a),
  "f64.abs": (a: number) => Math.abs(a),
  "f64.neg": (a: number) => -a,
  "f64.floor": (a: number) => Math.floor(a),
  "f64.ceil": (a: number) => Math.ceil(a),
  "f64.trunc": (a: number) => Math.trunc(a),
  "f64.nearest": nearest,
  "f64.eq": (a: number, b: number) => bool(a === b),
  "f64.lt": (a: number, b: number) => bool(a < b),
  "f64.le": (a: number, b: number) => bool(a <= b),
  "f64.select": (c: number, a: number, b: number) => (c !== 0 ? a : b),
  "i32.add": (a: number, b: number) => (a + b) | 0,
  "i32.sub": (a: number, b: number) => (a - b) | 0,
  "i32.mul": (a: number, b: number) => Math.imul(a, b),
  "i32.div_s": (a: number, b: number) => (b === 0 ? 0 : (a / b) | 0),
  "i32.div_u": (a: number, b: number) => (b === 0 ? 0 : ((a >>> 0) / (b >>> 0)) | 0),
  "i32.rem_s": (a: number, b: number) => (b === 0 ? 0 : (a % b) | 0),
  "i32.rem_u": (a: number, b: number) => (b === 0 ? 0 : ((a >>> 0) % (b >>> 0)) | 0),
  "i32.and": (a: number, b: number) => a & b,
  "i32.or": (a: number, b: number) => a | b,
  "i32.xor": (a: number, b: number) => a ^ b,
  "i32.shl": (a: number, b: number) => (b >>> 0 > 31 ? 0 : a << b),
  "i32.shr_s": (a: number, b: number) => a >> Math.min(b >>> 0, 31),
  "i32.shr_u": (a: number, b: number) => (b >>> 0 > 31 ? 0 : (a >>> b) | 0),
  "i32.eq": (a: number, b: number) => bool(a === b),
  "i32.lt_s": (a: number, b: number) => bool(a < b),
  "i32.lt_u": (a: number, b: number) => bool(a >>> 0 < b >>> 0),
  "i32.select": (c: number, a: number, b: number) => (c !== 0 ? a : b),
  "i64.add": (a: bigint, b: bigint) => i64(a + b),
  "i64.sub": (a: bigint, b: bigint) => i64(a - b),
  "i64.mul": (a: bigint, b: bigint) => i64(a * b),
  "i64.div_s": (a: bigint, b: bigint) => (b === 0n ? 0n : i64(a / b)),
  "i64.div_u": (a: bigint, b: bigint) => (b === 0n ? 0n : i64(u64(a) / u64(b))),
  "i64.rem_s": (a: bigint, b: bigint) => (b === 0n ? 0n : a % b),
  "i64.rem_u": (a: bigint, b: bigint) => (b === 0n ? 0n : i64(u64(a) % u64(b))),
  "i64.and": (a: bigint, b: bigint) => a & b,
  "i64.or": (a: bigint, b: bigint) => a | b,
  "i64.xor": (a: bigint, b: bigint) => a ^ b,
  "i64.shl": (a: bigint, b: bigint) => (u64(b) > 63n ? 0n : i64(a << b)),
  "i64.shr_s": (a: bigint, b: bigint) => a >> (u64(b) > 63n ? 63n : b),
  "i64.shr_u": (a: bigint, b: bigint) => (u64(b) > 63n ? 0n : i64(u64(a) >> b)),
  "i64.eq": (a: bigint, b: bigint) => bool(a === b),
  "i64.lt_s": (a: bigint, b: bigint) => bool(a < b),
  "i64.lt_u": (a: bigint, b: bigint) => bool(u64(a) < u64(b)),
  "i64.select": (c: number, a: bigint, b: bigint) => (c !== 0 ? a : b),
  "f64.promote_f32": (a: number) => a,
  "f32.demote_f64": (a: number) => fround(a),
  "f32.convert_i32_s": (a: number) => fround(a),
  "f32.convert_i64_s": i64ToF32,
  "f32.convert_i64_u": (a: bigint) => i64ToF32(u64(a)),
  "f64.convert_i32_s": (a: number) => a,
  "f64.convert_i64_s": (a: bigint) => Number(a),
  "f64.convert_i64_u": (a: bigint) => Number(u64(a)),
  "i32.trunc_sat_f32_s": (a: number) => saturate(a, -(2 ** 31), 2 ** 31 - 1),
  "i32.trunc_sat_f64_s": (a: number) => saturate(a, -(2 ** 31), 2 ** 31 - 1),
  "i64.trunc_sat_f32_s": (a: number) => saturateBig(a, I64_MIN, I64_MAX),
  "i64.trunc_sat_f32_u": (a: number) => i64(saturateBig(a, 0n, U64_MAX)),
  "i64.trunc_sat_f64_s": (a: number) => saturateBig(a, I64_MIN, I64_MAX),
  "i64.trunc_sat_f64_u": (a: number) => i64(saturateBig(a, 0n, U64_MAX)),
  "i32.wrap_i64": (a: bigint) => Number(BigInt.asIntN(32, a)),
  "i64.extend_i32_s": (a: number) => BigInt(a),
  "i64.extend_i32_u": (a: number) => BigInt(a >>> 0),
  "i32.reinterpret_f32": (a: number) => f32Bits(a) | 0,
  "f32.reinterpret_i32": (a: number) => f32FromBits(a >>> 0),
  "i64.reinterpret_f64": (a: number) => i64(f64Bits(a)),
  "f64.reinterpret_i64": (a: bigint) => f64FromBits(u64(a)),
};
