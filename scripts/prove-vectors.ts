import { f32FromBits } from "../operators/program/literal.js";
import type { FunctionOp } from "../operators/program/micro-ops.js";
import { type Block, blockOf } from "./prove-chunk.js";
import { REFERENCES, ulpError } from "./prove-reference.js";

/** Functions of two arguments at directed and random pairs, against the true values. */

/** The bits of two f32. */
export type Pair = readonly [number, number];

/** Zeros, ends of the ranges, ones and their neighbours, small integers and halves, ties, ∞, NaN. */
const EDGES: readonly number[] = [
  0x00000000, 0x00000001, 0x00000003, 0x007fffff, 0x00800000, 0x00800001, 0x0da24260, 0x33800000,
  0x3c02a9ad, 0x3e800000, 0x3ed413cd, 0x3f000000, 0x3f490fdb, 0x3f7fffff, 0x3f800000, 0x3f800001,
  0x3fc00000, 0x40000000, 0x401a827a, 0x40200000, 0x40400000, 0x40490fdb, 0x40a00000, 0x41200000,
  0x43000000, 0x43150000, 0x43160000, 0x45800800, 0x4b000000, 0x4b7fffff, 0x4b800000, 0x4b800001,
  0x501502f9, 0x5f7fffff, 0x7e800000, 0x7f000000, 0x7f7fffff, 0x7f800000,
].flatMap((bits) => [bits, (bits | 0x80000000) >>> 0]);

/** Pairs that the random ones would hardly meet: the largest errors known. */
const KNOWN: Partial<Record<FunctionOp, readonly Pair[]>> = {
  "f32.pow": [[0x41200000, 0xb25e5bd9]],
};

export function directedPairs(op: FunctionOp): Pair[] {
  const edges = [...EDGES, 0x7fc00000];
  const crossed = edges.flatMap((a) => edges.map((b): Pair => [a, b]));
  return [...crossed, ...(KNOWN[op] ?? [])];
}

/** 32 bits that depend on every bit of seed and index: the finaliser of MurmurHash3, twice. */
function random(seed: number, index: number): number {
  return mix(mix(seed ^ 0x9e3779b9) + Math.imul(index, 0x85ebca6b));
}

function mix(bits: number): number {
  let h = bits | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

function bitsOf(value: number): number {
  scratch[0] = value;
  return scratchBits[0] as number;
}

/** Uniform in [0, 1). */
const fraction = (bits: number): number => bits / 2 ** 32;

/** A pair where the function does not overflow or vanish, from two random words. */
type Family = (a: number, b: number) => Pair;

const anyPair: Family = (a, b) => [a, b];

/** x of any size and y such that x^y spreads over all f32, subnormals and beyond. */
const powerInRange: Family = (a, b) => {
  const x = a & 0x7fffffff;
  const base = f32FromBits(x);
  return [x, bitsOf((fraction(b) * 290 - 155) / Math.log2(base))];
};

/** x within a quarter of 1, y large. */
const powerNearOne: Family = (a, b) => powerInRange(0x3f400000 + (a & 0x9fffff), b);

/** Small numerators over powers of two: many exact powers and midpoints. */
const shortPower: Family = (a, b) => [
  bitsOf(((a & 0xfff) + 1) / 2 ** ((a >>> 12) & 15)),
  bitsOf(((b & 63) - 32) / 2 ** ((b >>> 6) & 3)),
];

/** Sizes within 2^±32 of each other. */
const likeSizes: Family = (a, b) => {
  const exponent = ((a >>> 23) & 0xff) + ((b >>> 23) & 0x3f) - 32;
  const field = Math.min(Math.max(exponent, 0), 254);
  return [a, ((b & 0x807fffff) | (field << 23)) >>> 0];
};

const FAMILIES: Partial<Record<FunctionOp, readonly Family[]>> = {
  "f32.pow": [powerInRange, powerNearOne, powerInRange, shortPower, anyPair],
  "f32.atan2": [likeSizes, anyPair],
  "f32.fmod": [likeSizes, anyPair],
};

export function randomPair(op: FunctionOp, seed: number, index: number): Pair {
  const families = FAMILIES[op] ?? [anyPair];
  const family = families[index % families.length] as Family;
  const [a, b] = family(random(seed, 2 * index), random(seed, 2 * index + 1));
  return [canonical(a), canonical(b)];
}

function canonical(bits: number): number {
  return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits >>> 0;
}

export interface Measurement {
  readonly pairs: number;
  /** Of the largest error, in f32 ULP, and where. */
  readonly largest: number;
  readonly at: Pair;
  /** Results that are not the nearest f32. */
  readonly misrounded: number;
}

/** An error that is rounding to nearest, as far as the reference can tell. */
const NEAREST = 0.5 + 2 ** -40;

/** Runs the function in the WebAssembly backend at `count` pairs. */
export function measure(
  op: FunctionOp,
  count: number,
  pairAt: (index: number) => Pair,
  progress: (done: number, soFar: Measurement) => void = () => {},
): Measurement {
  const block = blockOf(op);
  let soFar: Measurement = { pairs: 0, largest: 0, at: [0, 0], misrounded: 0 };
  for (let first = 0; first < count; first += block.length) {
    const size = Math.min(block.length, count - first);
    soFar = measureBlock(
      op,
      block,
      Array.from({ length: size }, (_, i) => pairAt(first + i)),
      soFar,
    );
    progress(first + size, soFar);
  }
  return soFar;
}

function measureBlock(
  op: FunctionOp,
  block: Block,
  pairs: readonly Pair[],
  before: Measurement,
): Measurement {
  const reference = REFERENCES[op];
  if (!reference) throw new RangeError(`${op} has no reference`);
  const results = new Float32Array(block.output.buffer, block.output.byteOffset, block.length);
  block.inputs.forEach((words, side) => {
    pairs.forEach((pair, i) => {
      words[i] = pair[side] as number;
    });
  });
  block.run();
  let { largest, at, misrounded } = before;
  pairs.forEach((pair, i) => {
    const truth = reference(f32FromBits(pair[0]), f32FromBits(pair[1]));
    const error = ulpError(results[i] as number, truth);
    if (error > NEAREST) misrounded++;
    if (error > largest) [largest, at] = [error, pair];
  });
  return { pairs: before.pairs + pairs.length, largest, at, misrounded };
}
