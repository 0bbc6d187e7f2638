import { DTYPES, type DType, elementCount, type Tensor, viewOf } from "../../operators/basis.js";

/**
 * A drill: one element of one operator's output is changed on purpose, and the run carries on
 * consistently from there, the way a cheating executor would.
 */
export interface Corruption {
  /** Index of the executed node; its first output is changed. */
  readonly node: number;
  /** Row-major element; chosen by the run where absent. */
  readonly element?: number;
}

const TOP_FRACTION_BIT: Partial<Record<DType, { byte: number; mask: number }>> = {
  f32: { byte: 2, mask: 0x40 },
  f64: { byte: 6, mask: 0x08 },
  f16: { byte: 1, mask: 0x02 },
  bf16: { byte: 0, mask: 0x40 },
};

/**
 * Changes one element in place: floats have their highest fraction bit flipped (Inf and NaN become
 * +0), integers their lowest bit, bools are inverted.
 */
export function corruptElement(dtype: DType, bytes: Uint8Array, element: number): void {
  const size = DTYPES[dtype].size;
  const at = element * size;
  const fraction = TOP_FRACTION_BIT[dtype];
  if (!fraction) {
    bytes[at] = (bytes[at] as number) ^ 1;
  } else if (isFiniteElement(dtype, bytes, at)) {
    const byte = at + fraction.byte;
    bytes[byte] = (bytes[byte] as number) ^ fraction.mask;
  } else {
    bytes.fill(0, at, at + size);
  }
}

function isFiniteElement(dtype: DType, bytes: Uint8Array, at: number): boolean {
  const view = viewOf(bytes);
  switch (dtype) {
    case "f32":
      return (view.getUint32(at, true) & 0x7f800000) !== 0x7f800000;
    case "f64":
      return (view.getUint32(at + 4, true) & 0x7ff00000) !== 0x7ff00000;
    case "f16":
      return (view.getUint16(at, true) & 0x7c00) !== 0x7c00;
    default:
      return (view.getUint16(at, true) & 0x7f80) !== 0x7f80;
  }
}

/** How many elements a drill tries before it calls the operator masked. */
const TRIES = 64;

/**
 * Elements worth corrupting, most visible first: the largest ones survive max-pools and ReLUs, and
 * one whose top fraction bit is clear grows when it is flipped; then a spread over the tensor.
 */
export function visibleElements(tensor: Tensor): number[] {
  const count = elementCount(tensor.dims);
  const chosen = new Set<number>();
  if (tensor.dtype === "f32") {
    for (const e of largestGrowing(tensor, count)) chosen.add(e);
  }
  for (let i = 0; i < TRIES && chosen.size < Math.min(TRIES, count); i++) {
    chosen.add(Math.floor((i * count) / TRIES));
  }
  return [...chosen];
}

function largestGrowing(tensor: Tensor, count: number): number[] {
  const view = viewOf(tensor.bytes);
  const growing: { element: number; value: number }[] = [];
  for (let element = 0; element < count; element++) {
    const bits = view.getUint32(element * 4, true);
    const value = view.getFloat32(element * 4, true);
    if ((bits & 0x00400000) !== 0 || !Number.isFinite(value)) continue;
    growing.push({ element, value });
  }
  growing.sort((a, b) => b.value - a.value || a.element - b.element);
  return growing.slice(0, TRIES / 4).map((g) => g.element);
}
