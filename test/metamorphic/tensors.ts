import { expect } from "vitest";
import { Random } from "../../fixtures/builders/random.js";
import {
  bytesEqual,
  canonicalNaNs,
  DTYPES,
  type DType,
  elementCount,
  type Tensor,
} from "../../operators/index.js";
import { edgeTensor } from "../backends/edge-tensors.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** Normal numbers with full fractions, so that sums in another order show. */
export function normals(dtype: DType, dims: readonly number[], seed: number): Tensor {
  const random = new Random(seed);
  const values = Array.from({ length: elementCount(dims) }, () => random.normal());
  return tensorFrom(dtype, dims, values);
}

/** Normal numbers, and among them some infinities, NaNs, zeros of both signs and subnormals. */
export function wild(dtype: DType, dims: readonly number[], seed: number): Tensor {
  const calm = normals(dtype, dims, seed);
  const edges = canonicalNaNs(edgeTensor(dtype, dims, seed + 1));
  const random = new Random(seed, 1);
  const { size } = DTYPES[dtype];
  const bytes = calm.bytes.slice();
  for (let at = 0; at < bytes.length; at += size) {
    if (random.below(16) === 0) bytes.set(edges.bytes.subarray(at, at + size), at);
  }
  return { ...calm, bytes };
}

/** Positions `from` … `to` − 1 along an axis. */
export function part(t: Tensor, axis: number, from: number, to: number): Tensor {
  const outer = elementCount(t.dims.slice(0, axis));
  const inner = elementCount(t.dims.slice(axis + 1)) * DTYPES[t.dtype].size;
  const row = (t.dims[axis] as number) * inner;
  const width = (to - from) * inner;
  const bytes = new Uint8Array(outer * width);
  for (let i = 0; i < outer; i++) {
    const start = i * row + from * inner;
    bytes.set(t.bytes.subarray(start, start + width), i * width);
  }
  return { dtype: t.dtype, dims: t.dims.with(axis, to - from), bytes };
}

/** Tensors of one dtype one after another along an axis. */
export function joined(axis: number, parts: readonly Tensor[]): Tensor {
  const [first] = parts as [Tensor, ...Tensor[]];
  const outer = elementCount(first.dims.slice(0, axis));
  const total = parts.reduce((n, t) => n + (t.dims[axis] as number), 0);
  const row = parts.reduce((n, t) => n + t.bytes.length / outer, 0);
  const bytes = new Uint8Array(outer * row);
  let at = 0;
  for (const t of parts) {
    const width = t.bytes.length / outer;
    for (let i = 0; i < outer; i++) {
      bytes.set(t.bytes.subarray(i * width, (i + 1) * width), i * row + at);
    }
    at += width;
  }
  return { dtype: first.dtype, dims: first.dims.with(axis, total), bytes };
}

/** Sizes that add up to `total`, as a list of cuts in between decides. */
export function chunksOf(total: number, cuts: readonly number[]): [number, number][] {
  const inside = cuts.map((c) => c % total).filter((c) => c > 0);
  const marks = [0, ...new Set(inside.sort((a, b) => a - b)), total];
  return marks.slice(1).map((to, i) => [marks[i] as number, to]);
}

/** How a tensor differs from another in any bit, in few words; nothing where it does not. */
export function difference(a: Tensor | undefined, b: Tensor | undefined): string | undefined {
  const type = (t: Tensor | undefined): string => (t ? `${t.dtype}[${t.dims}]` : "nothing");
  if (!a || !b || type(a) !== type(b)) return `${type(a)} and ${type(b)}`;
  if (bytesEqual(a.bytes, b.bytes)) return undefined;
  const [x, y] = [bitsOf(a), bitsOf(b)];
  const wrong = x.flatMap((bits, i) => (bits === y[i] ? [] : [`[${i}] ${bits} and ${y[i]}`]));
  return `${wrong.length} of ${x.length} elements differ: ${wrong.slice(0, 3).join(", ")}`;
}

/** Fails unless two tensors have one type and the same bits. */
export function expectSame(a: Tensor | undefined, b: Tensor | undefined): void {
  expect(difference(a, b)).toBeUndefined();
}
