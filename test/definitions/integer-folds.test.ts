import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { i64Tensor, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { float, int, runNode } from "../support/run-definition.js";
import { tensorFrom } from "../support/tensors.js";

/** Folds of integers against big integers, wrapped once at the end: the order cannot matter. */

const WORDS = ["i32", "i64", "u32", "u64"] as const;
type Word = (typeof WORDS)[number];

const bits = (dtype: Word): number => (dtype.endsWith("64") ? 64 : 32);
const wrap = (dtype: Word, x: bigint): bigint =>
  dtype.startsWith("i") ? BigInt.asIntN(bits(dtype), x) : BigInt.asUintN(bits(dtype), x);

const tensor = (dtype: Word, dims: readonly number[], values: readonly bigint[]): Tensor =>
  tensorFrom(dtype, dims, dtype === "i32" ? values.map((v) => Number(v)) : values);

/** Elements as the integers that they stand for. */
const integers = (t: Tensor): bigint[] => valuesOf(t).map((v) => wrap(t.dtype as Word, BigInt(v)));

/** Elements of all sizes, so that sums wrap. */
function elements(dtype: Word, count: number, seed: number): bigint[] {
  return Array.from({ length: count }, (_, i) => {
    const word = BigInt((i + 1) * 2654435761 + seed) * 0x9e3779b97f4a7c15n;
    return wrap(dtype, i % 3 === 0 ? word % 7n : word);
  });
}

const run = (operator: string, version: number, inputs: Tensor[], attributes = {}): Tensor =>
  runNode({ operator, version, inputs, attributes })[0] as Tensor;

describe.each(WORDS)("%s", (dtype) => {
  it("MatMul and Gemm wrap", () => {
    const shape = fc.tuple(fc.nat(4), fc.nat(6), fc.nat(4), fc.nat(1e6));
    fc.assert(
      fc.property(shape, ([m, k, n, seed]) => {
        const a = elements(dtype, m * k, seed);
        const b = elements(dtype, k * n, seed + 1);
        const c = elements(dtype, n, seed + 2);
        const sums = Array.from({ length: m * n }, (_, at) => {
          const [i, j] = [Math.floor(at / n), at % n];
          let sum = 0n;
          for (let l = 0; l < k; l++) sum += (a[i * k + l] as bigint) * (b[l * n + j] as bigint);
          return sum;
        });
        const inputs = [tensor(dtype, [m, k], a), tensor(dtype, [k, n], b)];
        const product = run("MatMul", 13, inputs);
        expect(integers(product)).toEqual(sums.map((s) => wrap(dtype, s)));
        const scaled = { alpha: float(-3), beta: float(5) };
        const y = run("Gemm", 13, [...inputs, tensor(dtype, [n], c)], scaled);
        const want = sums.map((s, at) => wrap(dtype, -3n * s + 5n * (c[at % n] as bigint)));
        expect(integers(y)).toEqual(want);
      }),
      { numRuns: 40 },
    );
  });

  it("Gemm refuses factors that are not whole", () => {
    const one = tensor(dtype, [1, 1], [1n]);
    expect(() => run("Gemm", 13, [one, one], { alpha: float(0.5) })).toThrow(/alpha 0.5 for/);
  });

  it("PRelu multiplies what is below zero, and wraps", () => {
    const x = elements(dtype, 40, 3);
    const slope = elements(dtype, 40, 4);
    const y = run("PRelu", 16, [tensor(dtype, [40], x), tensor(dtype, [40], slope)]);
    expect(integers(y)).toEqual(
      x.map((v, i) => (v < 0n ? wrap(dtype, v * (slope[i] as bigint)) : v)),
    );
  });

  it("ReduceMean divides the wrapped sum and truncates; of nothing it is 0", () => {
    for (const count of [0, 1, 7, 32, 33, 100]) {
      const x = elements(dtype, count, count + 1);
      const sum = wrap(
        dtype,
        x.reduce((s, v) => s + v, 0n),
      );
      const y = run("ReduceMean", 18, [tensor(dtype, [count], x), i64Tensor([1], [0])], {
        keepdims: int(0),
      });
      expect(integers(y)).toEqual([count === 0 ? 0n : sum / BigInt(count)]);
    }
  });
});
