import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AttributeValue,
  f32Tensor,
  f32Values,
  i64Tensor,
  type Tensor,
} from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { coordinates, exp, fl, laneSum, maximum, moderate, tanh } from "../support/reference.js";
import { float, int, lowerNode, runNode } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** Scaled dot-product attention against rule 15 word by word, bit for bit. */

interface Problem {
  readonly batch: number;
  readonly groups: number;
  readonly repeats: number;
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
  readonly valueDepth: number;
  readonly seed: number;
}

const SMALL: Problem = {
  batch: 2,
  groups: 2,
  repeats: 2,
  queries: 5,
  keys: 7,
  depth: 3,
  valueDepth: 4,
  seed: 1,
};

/** Q, K and V as [batch, heads, sequence, depth]. */
function operands(p: Problem): [Tensor, Tensor, Tensor] {
  const make = (dims: number[], seed: number) =>
    f32Tensor(
      dims,
      moderate(
        dims.reduce((n, d) => n * d, 1),
        seed,
      ),
    );
  return [
    make([p.batch, p.groups * p.repeats, p.queries, p.depth], p.seed),
    make([p.batch, p.groups, p.keys, p.depth], p.seed + 1),
    make([p.batch, p.groups, p.keys, p.valueDepth], p.seed + 2),
  ];
}

interface Options {
  readonly scale?: number;
  readonly softcap?: number;
  /** Added to the score of (batch, head, query, key). */
  readonly mask?: (b: number, h: number, q: number, key: number) => number;
  readonly sees?: (b: number, h: number, q: number, key: number) => boolean;
}

/** Y in the layout [batch, heads, queries, valueDepth]. */
function reference(p: Problem, [Q, K, V]: readonly Tensor[], options: Options): number[] {
  const [q, key, v] = [Q, K, V].map((t) => f32Values(t as Tensor)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const scale = fl(options.scale ?? fl(1 / fl(Math.sqrt(p.depth))));
  const heads = p.groups * p.repeats;
  return coordinates([p.batch, heads, p.queries]).flatMap(([b = 0, h = 0, i = 0]) => {
    const group = b * p.groups + Math.floor(h / p.repeats);
    const scores = Array.from({ length: p.keys }, (_, j) => {
      if (options.sees && !options.sees(b, h, i, j)) return undefined;
      let acc = 0;
      for (let d = 0; d < p.depth; d++) {
        const a = q[((b * heads + h) * p.queries + i) * p.depth + d] as number;
        acc = fl(acc + fl(a * (key[(group * p.keys + j) * p.depth + d] as number)));
      }
      let s = fl(acc * scale);
      if (options.softcap) s = fl(tanh(fl(s / fl(options.softcap))) * fl(options.softcap));
      return options.mask ? fl(s + options.mask(b, h, i, j)) : s;
    });
    const m = maximum(scores.filter((s) => s !== undefined));
    const e = scores.map((s) => (s === undefined ? undefined : exp(fl(s - m))));
    const sum = laneSum(e);
    const blind = e.every((x) => x === undefined);
    return Array.from({ length: p.valueDepth }, (_, d) => {
      let acc = 0;
      e.forEach((x, j) => {
        if (x === undefined) return;
        acc = fl(acc + fl(fl(x / sum) * (v[(group * p.keys + j) * p.valueDepth + d] as number)));
      });
      return blind ? Number.NaN : acc;
    });
  });
}

function attend(
  inputs: readonly (Tensor | undefined)[],
  attributes: Record<string, AttributeValue> = {},
  outputs = 1,
): Tensor[] {
  return runNode({ operator: "Attention", version: 24, inputs, attributes, outputs });
}

function expectReference(p: Problem, got: Tensor | undefined, given: Tensor[], options: Options) {
  const want = reference(p, given, options);
  expect(bitsOf(got as Tensor)).toEqual(bitsOf(f32Tensor([want.length], want)));
}

describe("against naive loops", () => {
  it("plain, with more and fewer keys than lanes", () => {
    for (const keys of [1, 7, 32, 33, 70]) {
      const p = { ...SMALL, keys };
      const given = operands(p);
      expectReference(p, attend(given)[0], given, {});
    }
  });

  it("causal: a query sees the keys up to its own position", () => {
    for (const [queries, keys] of [
      [5, 7],
      [7, 5],
      [40, 40],
      [1, 3],
    ] as const) {
      const p = { ...SMALL, queries, keys };
      const [q, key, v] = operands(p);
      // The last key's value is ∞: a query that does not see it must not meet 0 · ∞.
      const values = f32Values(v).map((x, i) =>
        Math.floor(i / p.valueDepth) % keys === keys - 1 ? Number.POSITIVE_INFINITY : x,
      );
      const given: [Tensor, Tensor, Tensor] = [q, key, f32Tensor(v.dims, values)];
      const [y] = attend(given, { is_causal: int(1) });
      expectReference(p, y, given, { sees: (_, __, i, j) => j <= i });
    }
  });

  it("scale, softcap, then the additive mask", () => {
    const given = operands(SMALL);
    const heads = SMALL.groups * SMALL.repeats;
    const dims = [1, heads, SMALL.queries, SMALL.keys];
    const values = moderate(heads * SMALL.queries * SMALL.keys, 44);
    const [y] = attend([...given, f32Tensor(dims, values)], {
      scale: float(0.3),
      softcap: float(0.7),
    });
    const at = (h: number, i: number, j: number) =>
      values[(h * SMALL.queries + i) * SMALL.keys + j] as number;
    expectReference(SMALL, y, given, {
      scale: 0.3,
      softcap: 0.7,
      mask: (_, h, i, j) => at(h, i, j),
    });
  });

  it("a bool mask hides keys, whatever lies in their values; no visible key is NaN", () => {
    const p = { ...SMALL, batch: 1 };
    const [q, key, v] = operands(p);
    const poisoned = f32Values(v);
    for (let g = 0; g < p.groups; g++) {
      for (let d = 0; d < p.valueDepth; d++) {
        poisoned[(g * p.keys + 2) * p.valueDepth + d] = Number.POSITIVE_INFINITY;
      }
    }
    const given: [Tensor, Tensor, Tensor] = [q, key, f32Tensor(v.dims, poisoned)];
    const sees = (i: number, j: number) => i !== 3 && j !== 2 && (i + j) % 3 !== 0;
    const mask = tensorFrom(
      "bool",
      [p.queries, p.keys],
      coordinates([p.queries, p.keys]).map(([i = 0, j = 0]) => (sees(i, j) ? 1 : 0)),
    );
    const [y] = attend([...given, mask]);
    expectReference(p, y, given, { sees: (_, __, i, j) => sees(i, j) });
    const row = f32Values(y as Tensor).slice(3 * p.valueDepth, 4 * p.valueDepth);
    expect([...row].every(Number.isNaN)).toBe(true);
    expect([...f32Values(y as Tensor)].some(Number.isFinite)).toBe(true);
  });

  it("a mask shorter than the keys hides the rest", () => {
    const given = operands(SMALL);
    const mask = f32Tensor([SMALL.queries, 4], moderate(SMALL.queries * 4, 6));
    const values = f32Values(mask);
    const [y] = attend([...given, mask]);
    expectReference(SMALL, y, given, {
      sees: (_, __, ___, j) => j < 4,
      mask: (_, __, i, j) => values[i * 4 + j] as number,
    });
  });

  it("nonpad_kv_seqlen: per batch, with the causal frontier at the end", () => {
    const given = operands(SMALL);
    const lengths = [6, 3];
    const inputs = [...given, undefined, undefined, undefined, i64Tensor([2], lengths)];
    const length = (b: number) => lengths[b] as number;
    const [y] = attend(inputs);
    expectReference(SMALL, y, given, { sees: (b, _, __, j) => j < length(b) });
    const [causal] = attend(inputs, { is_causal: int(1) });
    expectReference(SMALL, causal, given, {
      sees: (b, _, i, j) => j < length(b) && j <= i + length(b) - SMALL.queries,
    });
  });

  it("a row of −∞ scores is NaN", () => {
    const p = { ...SMALL, batch: 1, groups: 1, repeats: 1, queries: 1 };
    const mask = f32Tensor([1, p.keys], new Array<number>(p.keys).fill(Number.NEGATIVE_INFINITY));
    const [y] = attend([...operands(p), mask]);
    expect([...f32Values(y as Tensor)].every(Number.isNaN)).toBe(true);
  });
});

/** Keys or values `from` … `to` of a [batch, heads, sequence, depth] tensor. */
function part(t: Tensor, from: number, to: number): Tensor {
  const [batch = 0, heads = 0, length = 0, depth = 0] = t.dims;
  const values = f32Values(t);
  const dims = [batch, heads, to - from, depth];
  return f32Tensor(
    dims,
    coordinates(dims).map(
      ([b = 0, h = 0, s = 0, d = 0]) =>
        values[((b * heads + h) * length + from + s) * depth + d] as number,
    ),
  );
}

describe("prefill, chunks and one token at a time", () => {
  it("give identical bits", () => {
    const chunks = fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(chunks, fc.integer({ min: 1, max: 1e6 }), (sizes, seed) => {
        const total = sizes.reduce((n, s) => n + s, 0);
        const p = { ...SMALL, batch: 1, queries: total, keys: total, seed };
        const [q, key, v] = operands(p);
        const [whole] = attend([q, key, v], { is_causal: int(1) });
        let [pastKey, pastValue] = [part(key, 0, 0), part(v, 0, 0)];
        let from = 0;
        for (const size of sizes) {
          const slice = (t: Tensor) => part(t, from, from + size);
          const [y, presentKey, presentValue] = attend(
            [slice(q), slice(key), slice(v), undefined, pastKey, pastValue],
            { is_causal: int(1) },
            3,
          ) as [Tensor, Tensor, Tensor];
          expect(bitsOf(y)).toEqual(bitsOf(slice(whole as Tensor)));
          expect(bitsOf(presentKey)).toEqual(bitsOf(part(key, 0, from + size)));
          [pastKey, pastValue] = [presentKey, presentValue];
          from += size;
        }
      }),
      { numRuns: 25 },
    );
  });

  it("crosses 32 keys, where the lanes begin to be shared", () => {
    const p = { ...SMALL, batch: 1, groups: 1, queries: 70, keys: 70 };
    const [q, key, v] = operands(p);
    const [whole] = attend([q, key, v], { is_causal: int(1) });
    for (const from of [0, 30, 31, 32, 33, 63, 64, 69]) {
      const [y] = attend(
        [
          part(q, from, from + 1),
          part(key, from, from + 1),
          part(v, from, from + 1),
          undefined,
          part(key, 0, from),
          part(v, 0, from),
        ],
        { is_causal: int(1) },
      );
      expect(bitsOf(y as Tensor)).toEqual(bitsOf(part(whole as Tensor, from, from + 1)));
    }
  });
});

/** [batch, heads, sequence, depth] as [batch, sequence, heads·depth]. */
function flattened(t: Tensor): Tensor {
  const [batch = 0, heads = 0, length = 0, depth = 0] = t.dims;
  const values = f32Values(t);
  return f32Tensor(
    [batch, length, heads * depth],
    coordinates([batch, length, heads, depth]).map(
      ([b = 0, s = 0, h = 0, d = 0]) =>
        values[((b * heads + h) * length + s) * depth + d] as number,
    ),
  );
}

describe("layouts, outputs and refusals", () => {
  it("3-D operands give the bits of 4-D ones", () => {
    const given = operands(SMALL);
    const heads = { q_num_heads: int(4), kv_num_heads: int(2) };
    const [y] = attend(given.map(flattened), { ...heads, is_causal: int(1) });
    const [expected] = attend(given, { is_causal: int(1) });
    expect(y?.dims).toEqual([SMALL.batch, SMALL.queries, 4 * SMALL.valueDepth]);
    expect(y).toEqual(flattened(expected as Tensor));
  });

  it("the causal fold over values is a contraction with one condition", () => {
    const { stages } = lowerNode({
      operator: "Attention",
      version: 23,
      inputs: operands(SMALL),
      attributes: { is_causal: int(1) },
    });
    expect(stages.map((s) => s.name)).toEqual([
      "scores",
      "max",
      "exp",
      "sum",
      "probabilities",
      "output",
    ]);
    const [scores, output] = [stages[0], stages[5]].map((s) => s?.program);
    expect(scores?.when).toEqual([]);
    expect(output?.when).toHaveLength(1);
    for (const program of [scores, output]) {
      expect(program?.step.code.map((i) => (i.kind === "operate" ? i.op : i.kind)).sort()).toEqual([
        "f32.add",
        "f32.mul",
        "read",
        "read",
        "state",
      ]);
    }
  });

  it("f16: probabilities stay f32, Y is rounded once", () => {
    const p = { ...SMALL, keys: 3 };
    const halves = operands(p).map((t) => tensorFrom("f16", t.dims, [...f32Values(t)]));
    const [y, , , scores] = attend(halves, { qk_matmul_output_mode: int(3) }, 4);
    expect([y?.dtype, scores?.dtype]).toEqual(["f16", "f16"]);
    const widened = halves.map((t) => f32Tensor(t.dims, valuesOf(t).map(Number)));
    const want = reference(p, widened, {});
    expect(bitsOf(y as Tensor)).toEqual(bitsOf(tensorFrom("f16", [want.length], want)));
  });

  it("refuses what does not fit", () => {
    const [q, key, v] = operands(SMALL);
    expect(() => attend([q, v, key])).toThrow(/operator|Q \[/);
    expect(() => attend([flattened(q), flattened(key), flattened(v)])).toThrow(/q_num_heads/);
    expect(() => attend([q, key, v, f32Tensor([3, 7], moderate(21, 1))])).toThrow(/attn_mask/);
    expect(() => attend([q, key, v, undefined, part(key, 0, 2)])).toThrow(/come together/);
    expect(() => attend([q, key, v], { softmax_precision: int(11) })).toThrow(/f64/);
    expect(() => attend([q, key, v], { qk_matmul_output_mode: int(9) }, 4)).toThrow(/mode 9/);
  });
});
