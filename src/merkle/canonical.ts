import { AssayError, type DType, viewOf } from "../../operators/index.js";

/**
 * Position of the first element that no honest tensor holds (a NaN other than the canonical one, a
 * bool other than 0 and 1), or -1. Numeric contract, rules 2 and 3.
 */
export function firstNonCanonical(dtype: DType, bytes: Uint8Array): number {
  switch (dtype) {
    case "bool":
      return bytes.findIndex((b) => b > 1);
    case "f16":
      return firstIn16(bytes, 0x7c00, 0x7e00);
    case "bf16":
      return firstIn16(bytes, 0x7f80, 0x7fc0);
    case "f32":
      return firstIn32(bytes, 0x7f800000, 0x7fc00000);
    case "f64":
      return firstIn64(bytes, 0x7ff00000, 0x7ff80000);
    default:
      return -1;
  }
}

function firstIn16(bytes: Uint8Array, infinity: number, nan: number): number {
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length; at += 2) {
    const bits = view.getUint16(at, true);
    if ((bits & 0x7fff) > infinity && bits !== nan) return at / 2;
  }
  return -1;
}

function firstIn32(bytes: Uint8Array, infinity: number, nan: number): number {
  const view = viewOf(bytes);
  const { length } = bytes;
  for (let at = 0; at < length; at += 4) {
    const bits = view.getInt32(at, true);
    if ((bits & 0x7fffffff) > infinity && bits !== nan) return at / 4;
  }
  return -1;
}

/** `infinity` and `nan` are the upper 32 bits; the lower ones of both are 0. */
function firstIn64(bytes: Uint8Array, infinity: number, nan: number): number {
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length; at += 8) {
    const low = view.getUint32(at, true);
    const high = view.getUint32(at + 4, true);
    const magnitude = high & 0x7fffffff;
    const isNan = magnitude > infinity || (magnitude === infinity && low !== 0);
    if (isNan && (high !== nan || low !== 0)) return at / 8;
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
