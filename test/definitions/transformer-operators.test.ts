import { describe, expect, it } from "vitest";
import { i64Tensor, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { fl, moderate, statistics } from "../support/reference.js";
import { float, int, runNode } from "../support/run-definition.js";
import { counting, tensorFrom } from "../support/tensors.js";

/** Rotary embeddings, norms of sums and gates against naive loops, bit by bit. */

const f32 = (dims: readonly number[], seed: number): Tensor => {
  const count = dims.reduce((n, d) => n * d, 1);
  return tensorFrom("f32", dims, moderate(count, seed));
};
const numbers = (t: Tensor): number[] => valuesOf(t).map(Number);

describe("RotaryEmbedding", () => {
  const [batch, heads, sequence, size] = [2, 3, 4, 10] as const;
  const ids = i64Tensor([batch, sequence], [3, 0, 5, 1, 2, 2, 4, 6]);
  const [cos, sin] = [f32([7, 3], 1), f32([7, 3], 2)];
  const x = f32([batch, heads, sequence, size], 3);

  /** Turns the first six of ten elements; pair i is (first(i), second(i)). */
  function turned(first: (i: number) => number, second: (i: number) => number): number[] {
    const y = numbers(x);
    const [c, s, at] = [numbers(cos), numbers(sin), numbers(ids)];
    for (let row = 0; row < batch * heads * sequence; row++) {
      const token = Math.floor(row / (heads * sequence)) * sequence + (row % sequence);
      for (let i = 0; i < 3; i++) {
        const [p, q] = [row * size + first(i), row * size + second(i)];
        const [a, b] = [y[p] as number, y[q] as number];
        const turn = (at[token] as number) * 3 + i;
        const [ci, si] = [c[turn] as number, s[turn] as number];
        y[p] = fl(fl(ci * a) - fl(si * b));
        y[q] = fl(fl(si * a) + fl(ci * b));
      }
    }
    return y;
  }

  it.each([
    [0, (i: number) => i, (i: number) => i + 3],
    [1, (i: number) => 2 * i, (i: number) => 2 * i + 1],
  ] as const)("turns pairs and copies the rest, interleaved %i", (interleaved, first, second) => {
    const attributes = { interleaved: int(interleaved), rotary_embedding_dim: int(6) };
    const inputs = [x, cos, sin, ids];
    const [y] = runNode({ operator: "RotaryEmbedding", version: 23, inputs, attributes });
    expect(y).toEqual(tensorFrom("f32", x.dims, turned(first, second)));
  });

  it("Microsoft's counts on from one position, and finds heads by the caches", () => {
    const flat = f32([1, 4, 18], 5);
    const domain = "com.microsoft";
    const run = (positions: Tensor) =>
      runNode({
        operator: "RotaryEmbedding",
        domain,
        version: 1,
        inputs: [flat, positions, cos, sin],
      });
    expect(run(i64Tensor([1], [2]))).toEqual(run(i64Tensor([1, 4], [2, 3, 4, 5])));
    const attributes = { num_heads: int(3) };
    const inputs = [flat, cos, sin, i64Tensor([1, 4], [2, 3, 4, 5])];
    const standard = runNode({ operator: "RotaryEmbedding", version: 23, inputs, attributes });
    expect(run(i64Tensor([1], [2]))).toEqual(standard);
  });

  it("refuses heads and caches that do not fit", () => {
    const run = (inputs: Tensor[]) =>
      runNode({ operator: "RotaryEmbedding", version: 23, inputs, attributes: {} });
    expect(() => run([x, cos, sin, ids])).toThrow(/for 5 pairs/);
    expect(() => run([f32([2, 4, 12], 1), cos, sin, ids])).toThrow(/heads/);
  });
});

describe("norms of a sum", () => {
  const [x, skip, bias] = [f32([2, 3, 5], 1), f32([3, 5], 2), f32([5], 3)];
  const [gamma, beta] = [f32([5], 4), f32([5], 5)];
  const sum = numbers(x).map((v, i) =>
    fl(fl(v + (numbers(skip)[i % 15] as number)) + (numbers(bias)[i % 5] as number)),
  );
  const domain = "com.microsoft";
  const attributes = { epsilon: float(1e-5) };

  it("SkipLayerNormalization", () => {
    const inputs = [x, skip, gamma, beta, bias];
    const [y, mean, inverse, s] = runNode({
      operator: "SkipLayerNormalization",
      domain,
      version: 1,
      inputs,
      attributes,
      outputs: 4,
    });
    const rows = Array.from({ length: 6 }, (_, r) => sum.slice(r * 5, r * 5 + 5));
    const stats = rows.map((row) => statistics(row, 1e-5));
    expect(s).toEqual(tensorFrom("f32", [2, 3, 5], sum));
    expect(mean).toEqual(
      tensorFrom(
        "f32",
        [2, 3, 1],
        stats.map((t) => t.mean),
      ),
    );
    expect(inverse).toEqual(
      tensorFrom(
        "f32",
        [2, 3, 1],
        stats.map((t) => t.r),
      ),
    );
    const want = rows.flatMap((row, r) =>
      row.map((v, i) => {
        const { mean: m, r: inv } = stats[r] as { mean: number; r: number };
        const scaled = fl(fl(fl(v - m) * inv) * (numbers(gamma)[i] as number));
        return fl(scaled + (numbers(beta)[i] as number));
      }),
    );
    expect(y).toEqual(tensorFrom("f32", [2, 3, 5], want));
  });

  it("SkipSimplifiedLayerNormalization is the RMS norm of the sum, its mean +0", () => {
    const [y, mean, , s] = runNode({
      operator: "SkipSimplifiedLayerNormalization",
      domain,
      version: 1,
      inputs: [x, skip, gamma, bias],
      attributes,
      outputs: 4,
    });
    const [want] = runNode({
      operator: "RMSNormalization",
      version: 23,
      inputs: [s, gamma],
      attributes,
    });
    expect(s).toEqual(tensorFrom("f32", [2, 3, 5], sum));
    expect(y).toEqual(want);
    expect(mean).toEqual(tensorFrom("f32", [2, 3, 1], [0, 0, 0, 0, 0, 0]));
  });
});

describe("gates and fused products", () => {
  it("SwiGLU is swish times the value, of equal dims only", () => {
    const [gate, value] = [f32([2, 5], 1), f32([2, 5], 2)];
    const alpha = { alpha: float(1.25) };
    const [swished] = runNode({
      operator: "Swish",
      version: 24,
      inputs: [gate],
      attributes: alpha,
    });
    const want = runNode({ operator: "Mul", version: 14, inputs: [swished, value] });
    const inputs = [gate, value];
    expect(runNode({ operator: "SwiGLU", version: 28, inputs, attributes: alpha })).toEqual(want);
    const uneven = [gate, counting("f32", [5])];
    expect(() => runNode({ operator: "SwiGLU", version: 28, inputs: uneven })).toThrow(/differ/);
  });

  it("BiasGelu is Gelu of the sum", () => {
    const [x, bias] = [f32([3, 4], 1), f32([4], 2)];
    const [sum] = runNode({ operator: "Add", version: 14, inputs: [x, bias] });
    const domain = "com.microsoft";
    expect(runNode({ operator: "BiasGelu", domain, version: 1, inputs: [x, bias] })).toEqual(
      runNode({ operator: "Gelu", version: 20, inputs: [sum] }),
    );
  });

  it("FusedMatMul swaps axes as it says", () => {
    const [a, b] = [f32([2, 3, 4], 1), f32([2, 4, 5], 2)];
    const transposed = (t: Tensor, ...perm: number[]): Tensor =>
      runNode({
        operator: "Transpose",
        version: 13,
        inputs: [t],
        attributes: { perm: { kind: "ints", value: perm.map(BigInt) } },
      })[0] as Tensor;
    const fused = (inputs: Tensor[], ...set: string[]) =>
      runNode({
        operator: "FusedMatMul",
        domain: "com.microsoft",
        version: 1,
        inputs,
        attributes: Object.fromEntries(set.map((name) => [name, int(1)])),
      });
    const want = runNode({ operator: "MatMul", version: 13, inputs: [a, b] });
    expect(fused([a, b])).toEqual(want);
    expect(fused([transposed(a, 0, 2, 1), b], "transA")).toEqual(want);
    expect(fused([a, transposed(b, 0, 2, 1)], "transB")).toEqual(want);
    expect(fused([transposed(a, 1, 0, 2), b], "transBatchA")).toEqual(want);
    expect(fused([a, transposed(b, 2, 0, 1)], "transBatchB", "transB")).toEqual(want);
  });
});
