import { nativeAddon } from "../../operators/backends/native/index.js";
import { mapRecord } from "../../operators/backends/native/map-record.js";
import { DTYPES, type ElementProgram, elementCount, type Tensor } from "../../operators/index.js";
import { randomBits } from "./edge-tensors.js";

/** A map run by native code, alone in a memory: what it wrote, and whether it wrote anything else. */
export interface NativeRun {
  readonly bytes: Uint8Array;
  readonly untouched: boolean;
}

const FILL = 0xa5;
const RECORD = 4096;

/**
 * Runs a map natively, in pieces that depend on the seed and in any order; undefined where native
 * code does not take it. One tensor ends with the memory, so that reading on behind it is a fault.
 */
export function runNatively(
  level: string,
  program: ElementProgram,
  sources: readonly Tensor[],
  seed: number,
  columns?: number,
): NativeRun | undefined {
  const native = nativeAddon();
  if (!("addon" in native)) throw new Error(native.reason);
  const length = DTYPES[program.dtype].size * elementCount(program.out);
  const sizes = [length, ...sources.map((t) => t.bytes.length)];
  const room = sizes.reduce((sum, size) => sum + Math.ceil(size / 4) * 4 + 128, 2 * RECORD + 65536);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(room / 65536), maximum: 65536 });
  const at = placesIn(sizes, memory.buffer.byteLength, seed);
  const record = mapRecord(program, at[0] as number, at.slice(1), columns);
  if (!record) return undefined;
  const bytes = new Uint8Array(memory.buffer).fill(FILL);
  new Uint32Array(memory.buffer).set(record.words, RECORD / 4);
  sources.forEach((t, i) => {
    bytes.set(t.bytes, at[i + 1] as number);
  });
  const before = bytes.slice();
  const kernel = native.addon.kernel(bytes, level);
  for (const [begin, end] of pieces(record.elements, seed)) kernel.runMap?.(RECORD, begin, end);
  const out = at[0] as number;
  const written = bytes.slice(out, out + length);
  bytes.set(before.subarray(out, out + length), out);
  return { bytes: written, untouched: Buffer.compare(bytes, before) === 0 };
}

/** Tensors apart from each other at multiples of 4; one that the seed chooses ends with the memory. */
function placesIn(sizes: readonly number[], total: number, seed: number): number[] {
  const last = seed % sizes.length;
  let next = 2 * RECORD;
  return sizes.map((size, i) => {
    if (i === last) return total - Math.ceil(size / 4) * 4;
    const at = next;
    next += Math.ceil(size / 4) * 4 + 68;
    return at;
  });
}

function pieces(count: number, seed: number): [number, number][] {
  const next = randomBits(seed + 1);
  const cuts = [0, count, next() % (count + 1), next() % (count + 1)].sort((a, b) => a - b);
  const ranges = cuts.slice(1).map((end, i): [number, number] => [cuts[i] as number, end]);
  return next() % 2 === 0 ? ranges : ranges.reverse();
}
