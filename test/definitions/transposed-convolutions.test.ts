import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AttributeValue, f32Tensor, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { coordinates, dot, fl, flatten, moderate, seeded } from "../support/reference.js";
import { int, ints, runNode, text } from "../support/run-definition.js";
import { bitsOf } from "../support/tensors.js";

/** ConvTranspose against a scatter in f64 and, bit for bit, against a fold in f32. */

interface Case {
  readonly spatial: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly growth: readonly number[];
  readonly groups: number;
  readonly inner: number;
  readonly outer: number;
  readonly seed: number;
}

const at = (list: readonly number[], i: number): number => list[i] as number;
const count = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

function outputOf(c: Case): number[] {
  return c.spatial.map(
    (d, i) =>
      at(c.strides, i) * (d - 1) +
      at(c.growth, i) +
      (at(c.kernel, i) - 1) * at(c.dilations, i) +
      1 -
      at(c.begin, i) -
      at(c.end, i),
  );
}

const transposedCase = fc
  .integer({ min: 1, max: 3 })
  .chain((rank) => {
    const list = (min: number, max: number) =>
      fc.array(fc.integer({ min, max }), { minLength: rank, maxLength: rank });
    return fc.record({
      spatial: list(1, 4),
      kernel: list(1, 3),
      strides: list(1, 3),
      dilations: list(1, 2),
      begin: list(0, 2),
      end: list(0, 2),
      growth: list(0, 2),
      groups: fc.integer({ min: 1, max: 2 }),
      inner: fc.integer({ min: 1, max: 2 }),
      outer: fc.integer({ min: 1, max: 2 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
  })
  .filter((c) => outputOf(c).every((d) => d >= 0));

const BATCH = 2;

function dimsOf(c: Case) {
  return {
    x: [BATCH, c.groups * c.inner, ...c.spatial],
    w: [c.groups * c.inner, c.outer, ...c.kernel],
    y: [BATCH, c.groups * c.outer, ...outputOf(c)],
  };
}

function attributesOf(c: Case): Record<string, AttributeValue> {
  return {
    group: int(c.groups),
    strides: ints(...c.strides),
    dilations: ints(...c.dilations),
    pads: ints(...c.begin, ...c.end),
    output_padding: ints(...c.growth),
  };
}

function run(c: Case, x: readonly number[], w: readonly number[], bias: readonly number[]) {
  const dims = dimsOf(c);
  const inputs = [f32Tensor(dims.x, x), f32Tensor(dims.w, w), f32Tensor([bias.length], bias)];
  const attributes = attributesOf(c);
  return runNode({ operator: "ConvTranspose", version: 22, attributes, inputs })[0] as Tensor;
}

/** Every cell of X adds its products to the cells of Y that they belong to. */
function scatter(c: Case, x: readonly number[], w: readonly number[], bias: readonly number[]) {
  const dims = dimsOf(c);
  const plane = count(outputOf(c));
  const y = Array.from({ length: count(dims.y) }, (_, i) =>
    at(bias, Math.floor(i / plane) % bias.length),
  );
  for (const [n = 0, channel = 0, ...cell] of coordinates(dims.x)) {
    const group = Math.floor(channel / c.inner);
    for (const [map = 0, ...k] of coordinates([c.outer, ...c.kernel])) {
      const to = cell.map(
        (p, i) => p * at(c.strides, i) + at(k, i) * at(c.dilations, i) - at(c.begin, i),
      );
      const target = flatten([n, group * c.outer + map, ...to], dims.y);
      if (target === undefined) continue;
      const value = at(x, flatten([n, channel, ...cell], dims.x) as number);
      y[target] = at(y, target) + value * at(w, flatten([channel, map, ...k], dims.w) as number);
    }
  }
  return y;
}

/** Rule 9 over the steps that lie on the stride; a cell outside X is +0, multiplied and added. */
function gather(c: Case, x: readonly number[], w: readonly number[], bias: readonly number[]) {
  const dims = dimsOf(c);
  return coordinates(dims.y).map(([n = 0, map = 0, ...position]) => {
    const group = Math.floor(map / c.outer);
    const pairs = coordinates([c.inner, ...c.kernel]).flatMap(([inner = 0, ...k]) => {
      const channel = group * c.inner + inner;
      const full = position.map((p, i) => p + at(c.begin, i) - at(k, i) * at(c.dilations, i));
      if (full.some((f, i) => f % at(c.strides, i) !== 0)) return [];
      const from = flatten([n, channel, ...full.map((f, i) => f / at(c.strides, i))], dims.x);
      const weight = at(w, flatten([channel, map % c.outer, ...k], dims.w) as number);
      return [[from === undefined ? 0 : at(x, from), weight] as const];
    });
    return fl(dot(pairs) + at(bias, map));
  });
}

describe("ConvTranspose", () => {
  it("adds each cell's products where they belong", () => {
    fc.assert(
      fc.property(transposedCase, (c) => {
        const dims = dimsOf(c);
        const x = moderate(count(dims.x), c.seed);
        const w = moderate(count(dims.w), c.seed + 1);
        const bias = moderate(c.groups * c.outer, c.seed + 2);
        const y = run(c, x, w, bias);
        expect(y.dims).toEqual(dims.y);
        const got = valuesOf(y).map(Number);
        scatter(c, x, w, bias).forEach((want, i) => {
          expect(Math.abs(at(got, i) - want)).toBeLessThan(1e-4);
        });
      }),
      { numRuns: 120 },
    );
  });

  it("has the bits of the fold over channel and kernel, infinities and NaN included", () => {
    fc.assert(
      fc.property(transposedCase, (c) => {
        const dims = dimsOf(c);
        const x = seeded(count(dims.x), c.seed, true);
        const w = seeded(count(dims.w), c.seed + 1, c.seed % 2 === 0);
        const bias = seeded(c.groups * c.outer, c.seed + 2);
        const want = f32Tensor(dims.y, gather(c, x, w, bias));
        expect(bitsOf(run(c, x, w, bias))).toEqual(bitsOf(want));
      }),
      { numRuns: 200 },
    );
  });

  it("auto_pad and output_shape: what is too much is cut off", () => {
    const y = (attributes: Record<string, AttributeValue>): number[] =>
      valuesOf(
        runNode({
          operator: "ConvTranspose",
          version: 22,
          attributes,
          inputs: [f32Tensor([1, 1, 2], [1, 10]), f32Tensor([1, 1, 3], [1, 2, 3])],
        })[0] as Tensor,
      ).map(Number);
    // The full result has 5 cells.
    const strides = { strides: ints(2) };
    expect(y(strides)).toEqual([1, 2, 13, 20, 30]);
    expect(y({ ...strides, auto_pad: text("VALID"), pads: ints(1, 1) })).toEqual([
      1, 2, 13, 20, 30,
    ]);
    expect(y({ ...strides, auto_pad: text("SAME_UPPER") })).toEqual([1, 2, 13, 20]);
    expect(y({ ...strides, auto_pad: text("SAME_LOWER") })).toEqual([2, 13, 20, 30]);
    expect(y({ ...strides, output_shape: ints(4) })).toEqual([2, 13, 20, 30]);
    expect(y({ ...strides, output_shape: ints(2) })).toEqual([13, 20]);
    expect(y({ ...strides, output_shape: ints(1, 1, 7) })).toEqual([1, 2, 13, 20, 30, 0, 0]);
  });

  it("refuses what does not fit", () => {
    const lower = (x: number[], w: number[], attributes: Record<string, AttributeValue>) => () =>
      runNode({
        operator: "ConvTranspose",
        version: 22,
        attributes,
        inputs: [
          f32Tensor(x, new Array(count(x)).fill(0)),
          f32Tensor(w, new Array(count(w)).fill(0)),
        ],
      });
    expect(lower([1, 3, 4], [2, 1, 3], {})).toThrow("do not fit 1 groups");
    expect(lower([1, 3, 4], [3, 1, 3], { group: int(2) })).toThrow("do not fit 2 groups");
    expect(lower([1, 1, 1], [1, 1, 1], { pads: ints(1, 1) })).toThrow("-1 cells");
    expect(lower([1, 1, 4], [1, 1, 3], { kernel_shape: ints(2) })).toThrow("differs from W");
    expect(lower([1, 1, 4], [1, 1, 3], { auto_pad: text("SAME") })).toThrow('auto_pad "SAME"');
  });
});

describe("CausalConvWithState", () => {
  const run = (inputs: readonly (Tensor | undefined)[], activation = "none"): Tensor[] =>
    runNode({
      operator: "CausalConvWithState",
      version: 27,
      attributes: { activation: text(activation) },
      inputs,
      outputs: 2,
    });

  it("in pieces, each with the state of the one before, has the bits of the whole", () => {
    const [batch, channels, length, kernel] = [2, 3, 12, 4];
    const values = moderate(batch * channels * length, 7);
    const weight = f32Tensor([channels, 1, kernel], moderate(channels * kernel, 8));
    const bias = f32Tensor([channels], moderate(channels, 9));
    const part = (from: number, to: number): Tensor =>
      f32Tensor(
        [batch, channels, to - from],
        values.filter((_, i) => i % length >= from && i % length < to),
      );
    const [whole, last] = run([part(0, length), weight, bias], "silu") as [Tensor, Tensor];
    let state: Tensor | undefined;
    const pieces = [0, 1, 2, 7, 12].flatMap((from, i, cuts) => {
      const to = cuts[i + 1];
      if (to === undefined) return [];
      const [y, present] = run([part(from, to), weight, bias, state], "silu") as [Tensor, Tensor];
      state = present;
      return [{ from, to, bits: bitsOf(y) }];
    });
    const bits = bitsOf(whole);
    for (const { from, to, bits: got } of pieces) {
      expect(got).toEqual(bits.filter((_, i) => i % length >= from && i % length < to));
    }
    expect(state).toEqual(last);
  });

  it("refuses what does not fit", () => {
    const x = f32Tensor([1, 2, 3], [1, 2, 3, 4, 5, 6]);
    const weight = f32Tensor([2, 1, 2], [1, 2, 3, 4]);
    expect(() => run([x, f32Tensor([1, 1, 2], [1, 2])])).toThrow("do not fit");
    expect(() => run([x, weight, f32Tensor([1], [1])])).toThrow("instead of [2]");
    expect(() => run([x, weight], "relu")).toThrow('activation "relu"');
  });
});
