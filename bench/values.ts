import type { Draw } from "../fixtures/builders/model-builder.js";
import { DTYPES, elementCount, type Tensor, tensorOf } from "../operators/index.js";

/**
 * f32 values between −1 and 1 (xorshift32), the same in every run: a benchmark fills hundreds of
 * megabytes, for which the numeric contract's generator is too slow.
 */
export function randomTensor(dims: readonly number[], seed = 1): Tensor {
  const values = new Float32Array(elementCount(dims));
  fill(values, seed, 2 ** -31, 0);
  return tensorOf("f32", dims, new Uint8Array(values.buffer));
}

/** The same as they are stored: bf16 cut from f32, bytes of all values. */
export function randomWeights(kind: "f32" | "bf16" | "i8" | "u8", dims: readonly number[]): Tensor {
  if (kind === "f32") return randomTensor(dims, 2);
  const size = DTYPES[kind].size;
  const count = elementCount(dims);
  const words = new Uint32Array(randomTensor([Math.ceil(count / 4) * 4], 2).bytes.buffer);
  const stored = size === 1 ? new Uint8Array(count) : new Uint16Array(count);
  // The sign, exponent and upper bits of an f32; bits of the middle, which are any.
  const shift = size === 1 ? 8 : 16;
  for (let i = 0; i < count; i++) stored[i] = (words[i] as number) >>> shift;
  return tensorOf(kind, dims, new Uint8Array(stored.buffer, 0, size * count));
}

/** Weights of the models built here: 6 ns a value instead of 130. */
export const drawFast: Draw = (values, seed, stream, low, high) => {
  fill(values, 1000 * seed + stream + 1, (high - low) * 2 ** -32, (high + low) / 2);
};

function fill(values: Float32Array, seed: number, scale: number, centre: number): void {
  let state = Math.imul(seed, 0x9e3779b9) | 1;
  for (let i = 0; i < values.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = centre + state * scale;
  }
}

/** The same bytes as numbers; peers take nothing else. Little-endian hosts only, as the peers. */
export function floatsOf({ bytes }: Tensor): Float32Array<ArrayBuffer> {
  const copy = bytes.slice();
  return new Float32Array(copy.buffer, 0, copy.length / 4);
}

/** Elements of which the bits differ. */
export function differingBits(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Math.max(a.length, b.length);
  const x = new Uint32Array(a.buffer, a.byteOffset, a.length);
  const y = new Uint32Array(b.buffer, b.byteOffset, b.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) count++;
  return count;
}
