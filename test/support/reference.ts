import { compileFunction } from "../../operators/backends/interpreter/compile.js";
import type { FunctionOp } from "../../operators/program/micro-ops.js";
import { SCALAR_FUNCTIONS } from "../../operators/scalar/functions/index.js";

/** The numeric contract as naive loops, for tests that compare bits. All f32 unless said. */

export const fl = Math.fround;

/** A scalar function by its micro-op; that it is correctly rounded is proved elsewhere. */
export function scalarFunction(name: FunctionOp): (...args: number[]) => number {
  const f = compileFunction(SCALAR_FUNCTIONS[name]);
  return (...args) => Number(f(...args));
}

export const exp = scalarFunction("f32.exp");
export const log = scalarFunction("f32.log");
export const tanh = scalarFunction("f32.tanh");
export const rsqrt = scalarFunction("f32.rsqrt");
export const pow = scalarFunction("f32.pow");

/** Rule 10, word by word. A hole is a skipped step: it counts a position and adds nothing. */
export function laneSum(
  values: readonly (number | undefined)[],
  round: (x: number) => number = fl,
): number {
  const lanes = new Array<number>(32).fill(0);
  values.forEach((v, i) => {
    if (v !== undefined) lanes[i % 32] = round((lanes[i % 32] as number) + v);
  });
  for (const distance of [16, 8, 4, 2, 1]) {
    for (let l = 0; l < distance; l++) {
      lanes[l] = round((lanes[l] as number) + (lanes[l + distance] as number));
    }
  }
  return lanes[0] as number;
}

/** Rule 9: multiply, then add, from +0. */
export function dot(pairs: readonly (readonly [number, number])[]): number {
  return pairs.reduce((acc, [a, b]) => fl(acc + fl(a * b)), 0);
}

/** Rule 8: NaN wins, +0 > −0; −∞ of nothing. */
export function maximum(values: readonly number[]): number {
  return values.reduce((m, v) => Math.max(m, v), Number.NEGATIVE_INFINITY);
}

/** Rule 13 over one row. */
export function softmaxRow(row: readonly number[]): number[] {
  const m = maximum(row);
  const e = row.map((x) => exp(fl(x - m)));
  const s = laneSum(e);
  return e.map((x) => fl(x / s));
}

/** Rule 14's mean and r of one row. */
export function statistics(row: readonly number[], epsilon: number): { mean: number; r: number } {
  const mean = fl(laneSum(row) / row.length);
  const d = row.map((x) => fl(x - mean));
  const variance = fl(laneSum(d.map((x) => fl(x * x))) / row.length);
  return { mean, r: rsqrt(fl(variance + fl(epsilon))) };
}

/** f32 values from a seed: mostly ordinary, some −0, +0, subnormal, huge; with `special` NaN and ±∞. */
export function seeded(count: number, seed: number, special = false): number[] {
  let state = seed >>> 0 || 1;
  const next = (): number => {
    // xorshift32 (Marsaglia, "Xorshift RNGs", 2003)
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  const rare = [-0, 0, 2 ** -149, -(2 ** -130), 3e30, -3e30];
  const weird = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return Array.from({ length: count }, () => {
    const kind = next();
    if (special && kind < 0.03) return weird[Math.floor(next() * weird.length)] as number;
    if (kind < 0.2) return fl(rare[Math.floor(next() * rare.length)] as number);
    return fl((next() - 0.5) * 4);
  });
}

/** `seeded` without huge values, for functions that would overflow everywhere. */
export function moderate(count: number, seed: number): number[] {
  return seeded(count, seed).map((v) => (Math.abs(v) > 1e6 ? 1 : v));
}

/** All coordinates below `dims`, row-major. */
export function coordinates(dims: readonly number[]): number[][] {
  const count = dims.reduce((n, d) => n * d, 1);
  return Array.from({ length: count }, (_, flat) => {
    let rest = flat;
    const found = dims.map(() => 0);
    for (let i = dims.length - 1; i >= 0; i--) {
      found[i] = rest % (dims[i] as number);
      rest = Math.floor(rest / (dims[i] as number));
    }
    return found;
  });
}

/** Flat position of a coordinate, or `undefined` outside. */
export function flatten(at: readonly number[], dims: readonly number[]): number | undefined {
  let flat = 0;
  for (let i = 0; i < dims.length; i++) {
    const c = at[i] as number;
    if (c < 0 || c >= (dims[i] as number)) return undefined;
    flat = flat * (dims[i] as number) + c;
  }
  return flat;
}
