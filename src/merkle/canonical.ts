import { AssayError, type DType, viewOf } from "../../operators/index.js";

/** A float's bits: sign cleared, above the exponent field is NaN; one NaN is canonical. */
interface FloatBits {
  readonly size: 2 | 4 | 8;
  readonly infinity: number;
  readonly nan: number;
}

/** For f64 the values are those of the upper 32 bits. */
const FLOATS: Partial<Record<DType, FloatBits>> = {
  f16: { size: 2, infinity: 0x7c00, nan: 0x7e00 },
  bf16: { size: 2, infinity: 0x7f80, nan: 0x7fc0 },
  f32: { size: 4, infinity: 0x7f800000, nan: 0x7fc00000 },
  f64: { size: 8, infinity: 0x7ff00000, nan: 0x7ff80000 },
};

/**
 * Position of the first element that no honest tensor holds (a NaN other than the canonical one, a
 * bool other than 0 and 1), or -1. Numeric contract, rules 2 and 3.
 */
export function firstNonCanonical(dtype: DType, bytes: Uint8Array): number {
  if (dtype === "bool") return bytes.findIndex((b) => b > 1);
  const float = FLOATS[dtype];
  if (float === undefined) return -1;
  if (float.size === 8) return firstBadF64(float, bytes);
  const view = viewOf(bytes);
  const { size, infinity, nan } = float;
  const sign = size === 4 ? 0x7fffffff : 0x7fff;
  for (let at = 0; at + size <= bytes.length; at += size) {
    const bits = size === 4 ? view.getUint32(at, true) : view.getUint16(at, true);
    if ((bits & sign) > infinity && bits !== nan) return at / size;
  }
  return -1;
}

function firstBadF64({ infinity, nan }: FloatBits, bytes: Uint8Array): number {
  const view = viewOf(bytes);
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const low = view.getUint32(at, true);
    const high = view.getUint32(at + 4, true);
    const magnitude = high & 0x7fffffff;
    const nonNumber = magnitude > infinity || (magnitude === infinity && low !== 0);
    if (nonNumber && (high !== nan || low !== 0)) return at / 8;
  }
  return -1;
}

/** Throws `proof/invalid` where an element is not canonical. */
export function requireCanonical(dtype: DType, bytes: Uint8Array, what: string): void {
  const element = firstNonCanonical(dtype, bytes);
  if (element >= 0) {
    throw new AssayError(
      "proof/invalid",
      `${what}: element ${element} is not a canonical ${dtype} value`,
      { facts: { dtype, element } },
    );
  }
}
