import { DTYPES, type DType, isFloat } from "../../dtype.js";
import type { BodyBuilder, Register } from "../../program/builder.js";

/**
 * A register read from `from` as a register that is stored as `to`, so that storing it completes
 * the one rounding of rule 4. Float → integer truncates and saturates at the limits of `to`, NaN → 0;
 * integers wrap; to bool is x ≠ 0 (true for NaN).
 */
export function convert(b: BodyBuilder, x: Register, from: DType, to: DType): Register {
  if (to === "bool") return b.not(b.eq(x, b.of(x.type, 0)));
  if (isFloat(to)) {
    return isFloat(from) ? floatToFloat(b, x, to) : integerToFloat(b, x, from, to);
  }
  if (isFloat(from)) return floatToInteger(b, x, to);
  const target = DTYPES[to].register;
  if (x.type === target) return x;
  return b.op(target === "i32" ? "i32.wrap_i64" : "i64.extend_i32_s", x);
}

/** f16 and bf16 are stored from f32 or f64 registers alike, with one rounding. */
function floatToFloat(b: BodyBuilder, x: Register, to: DType): Register {
  if (to === "f32" && x.type === "f64") return b.op("f32.demote_f64", x);
  if (to === "f64" && x.type === "f32") return b.op("f64.promote_f32", x);
  return x;
}

function integerToFloat(b: BodyBuilder, x: Register, from: DType, to: DType): Register {
  if (x.type === "i32") {
    // Every i32 is an f64, so a half rounds once, at the store.
    return b.op(to === "f32" ? "f32.convert_i32_s" : "f64.convert_i32_s", x);
  }
  const unsigned = from === "u64";
  if (to === "f32") return b.op(unsigned ? "f32.convert_i64_u" : "f32.convert_i64_s", x);
  if (to === "bf16" && from !== "u32") return i64ToOddF64(b, x, unsigned);
  // f64 rounds here, once. f16: what f64 cannot hold is beyond the range of f16 in any case.
  return b.op(unsigned ? "f64.convert_i64_u" : "f64.convert_i64_s", x);
}

/**
 * An i64 or u64 as an f64 that rounds to bf16 as the integer itself would: exact below 2^53, else
 * rounded to odd at 2^11, which loses no information that a 8-bit significand could need.
 */
function i64ToOddF64(b: BodyBuilder, x: Register, unsigned: boolean): Register {
  const lost = b.op("i64.and", x, b.i64(0x7ff));
  const sticky = b.op("i64.extend_i32_u", b.not(b.eq(lost, b.i64(0))));
  const high = b.op(unsigned ? "i64.shr_u" : "i64.shr_s", x, b.i64(11));
  const odd = b.mul(b.op("f64.convert_i64_s", b.or(high, sticky)), b.f64(2048));
  const limit = 1n << 53n;
  const isExact = unsigned
    ? b.op("i64.lt_u", x, b.i64(limit))
    : b.op("i64.lt_u", b.add(x, b.i64(limit)), b.i64(2n * limit));
  return b.select(isExact, b.op("f64.convert_i64_s", x), odd);
}

/** Limits of the integers that a truncation alone does not saturate to. */
const LIMITS: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  u16: [0, 65535],
  u32: [0, 4294967295],
};

function floatToInteger(b: BodyBuilder, x: Register, to: DType): Register {
  const target = DTYPES[to].register;
  const source = x.type === "f64" ? "f64" : "f32";
  if (to === "u64") return b.op(`i64.trunc_sat_${source}_u`, x);
  const whole = b.op(`${target === "i64" ? "i64" : "i32"}.trunc_sat_${source}_s`, x);
  const limits = LIMITS[to];
  if (!limits) return whole;
  const raised = b.max(whole, b.of(target, limits[0]));
  return b.min(raised, b.of(target, limits[1]));
}
