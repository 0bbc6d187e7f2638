import type { WasmBackend } from "../../operators/backends/wasm/index.js";
import { DTYPES, type ElementProgram, elementCount, type Tensor } from "../../operators/index.js";
import { randomBits } from "./edge-tensors.js";

/**
 * Runs a generated kernel where a wrong access cannot hide: one tensor starts at address 0, another
 * ends with the memory, so that reading or writing past it traps; what lies between is checked to
 * be untouched; and the range of units is run in pieces, in any order.
 */

const PAGE = 65536;
const FILL = 0xa5;

export interface TightRun {
  readonly bytes: Uint8Array;
  /** Whether every byte outside the output kept its value. */
  readonly untouched: boolean;
}

/** `base`: address below which the memory is left alone, to reach high addresses. */
export function runTight(
  backend: WasmBackend,
  program: ElementProgram,
  sources: readonly Tensor[],
  seed: number,
  memory: WebAssembly.Memory,
): TightRun {
  const compiled = backend.compile(program);
  const length = DTYPES[program.dtype].size * elementCount(program.out);
  const sizes = [length, ...sources.map((t) => t.bytes.length)];
  const at = placesAround(sizes, seed, memory.buffer.byteLength);
  const bytes = new Uint8Array(memory.buffer);
  const before = sizes.map((size, i) => guardsOf(bytes, at[i] as number, size));
  for (const guards of before) for (const g of guards) g.fill(FILL);
  sources.forEach((t, i) => {
    bytes.set(t.bytes, at[i + 1] as number);
  });
  const run = compiled.instantiate(memory);
  for (const [begin, end] of pieces(compiled.units, seed)) {
    run(at[0] as number, at.slice(1), begin, end);
  }
  const out = at[0] as number;
  const kept = sources.every((t, i) => {
    const a = at[i + 1] as number;
    return t.bytes.every((b, j) => bytes[a + j] === b);
  });
  return {
    bytes: bytes.slice(out, out + length),
    untouched: kept && before.every((guards) => guards.every((g) => g.every((b) => b === FILL))),
  };
}

/** The bytes right before and right behind a tensor. */
function guardsOf(bytes: Uint8Array, at: number, size: number): Uint8Array[] {
  return [bytes.subarray(Math.max(0, at - 64), at), bytes.subarray(at + size, at + size + 64)];
}

/** Which tensor comes first and which ends with the memory depends on the seed. */
function placesAround(sizes: readonly number[], seed: number, total: number): number[] {
  const order = sizes.map((_, i) => (i + seed) % sizes.length);
  const at = new Array<number>(sizes.length).fill(0);
  let next = 0;
  order.forEach((tensor, i) => {
    const size = sizes[tensor] as number;
    const isLast = i === order.length - 1;
    at[tensor] = isLast ? total - size : next;
    // Odd distances: tensors are not aligned by contract.
    next += size + 131;
  });
  return at;
}

/** The range 0…units in up to four pieces, shuffled, one of them empty. */
function pieces(units: number, seed: number): [number, number][] {
  const next = randomBits(seed + 1);
  const cuts = [0, units, next() % (units + 1), next() % (units + 1), next() % (units + 1)];
  cuts.sort((a, b) => a - b);
  const ranges = cuts.slice(1).map((end, i): [number, number] => [cuts[i] as number, end]);
  return next() % 2 === 0 ? ranges : ranges.reverse();
}

export function pagesFor(bytes: number): number {
  return Math.ceil(bytes / PAGE);
}
