import { f32FromBits } from "../program/literal.js";

/** Exact widening of binary16 bits. */
export function f16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * Rounds a number (any f32 or f64 value) once to binary16, nearest even; NaN becomes 7e00.
 * The scaled value is exact in f64, so adding 2^52 rounds it to an integer half to even.
 */
export function numberToF16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = magnitude < 2 ** -14 ? -14 : exponentOf(magnitude);
  const fraction = roundHalfEven(magnitude * 2 ** (10 - exponent));
  // A carry out of the fraction lands in the exponent field, which is what rounding up means.
  return sign | (fraction + (exponent + 14) * 1024);
}

/** Exact widening of bfloat16 bits. */
export function bf16ToNumber(bits: number): number {
  return f32FromBits((bits << 16) >>> 0);
}

/** Rounds a number once to bfloat16, nearest even; NaN becomes 7fc0. */
export function numberToBf16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7f80;
  // The smallest subnormal of bf16 is 2^-133; above 2^-126 there are 7 fraction bits.
  const exponent = magnitude < 2 ** -126 ? -126 : exponentOf(magnitude);
  if (exponent > 127) return sign | 0x7f80;
  const fraction = roundHalfEven(magnitude * 2 ** (7 - exponent));
  return sign | Math.min(fraction + (exponent + 126) * 128, 0x7f80);
}

const scratch = new DataView(new ArrayBuffer(8));

/** Unbiased exponent of a normal positive f64. */
function exponentOf(magnitude: number): number {
  scratch.setFloat64(0, magnitude);
  return (scratch.getUint16(0) >> 4) - 1023;
}

/** Nearest integer, half to even, of 0 ≤ x < 2^51. */
function roundHalfEven(x: number): number {
  return x + 2 ** 52 - 2 ** 52;
}
