import { elementCount, type Tensor, tensorOf } from "../../operators/index.js";

/** 0, 1, 2, … as a tensor: sliced like a result, it says which elements are left. */
export function indices(dims: readonly number[]): Tensor {
  const values = Int32Array.from({ length: elementCount(dims) }, (_, i) => i);
  return tensorOf("i32", dims, new Uint8Array(values.buffer));
}

/** Positions `from` … `to` − 1 along an axis, of elements of four bytes. */
export function part(t: Tensor, axis: number, from: number, to: number): Tensor {
  const outer = elementCount(t.dims.slice(0, axis));
  const inner = 4 * elementCount(t.dims.slice(axis + 1));
  const row = inner * (t.dims[axis] as number);
  const bytes = new Uint8Array(outer * (to - from) * inner);
  for (let i = 0; i < outer; i++) {
    const begin = i * row + from * inner;
    bytes.set(t.bytes.subarray(begin, begin + (to - from) * inner), i * (to - from) * inner);
  }
  return tensorOf(t.dtype, t.dims.with(axis, to - from), bytes);
}

/** The same tensor `count` times, along a new first axis. */
export function repeated(t: Tensor, count: number): Tensor {
  const bytes = new Uint8Array(count * t.bytes.length);
  for (let i = 0; i < count; i++) bytes.set(t.bytes, i * t.bytes.length);
  return tensorOf(t.dtype, [count, ...t.dims], bytes);
}
