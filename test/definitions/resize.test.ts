import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AttributeValue,
  f32Tensor,
  i64Tensor,
  type Tensor,
  tensorOf,
} from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { coordinates, fl, flatten, moderate } from "../support/reference.js";
import { float, int, ints, runNode, text } from "../support/run-definition.js";
import { bitsOf, counting, tensorFrom } from "../support/tensors.js";

/**
 * Resize against a plain reference: every output cell from ONNX's formulas in f64, all axes at once,
 * by the n cells nearest to its place. Nearest neighbours come from fractions of integers instead.
 */

interface Sampling {
  readonly extents: readonly number[];
  readonly counts: readonly number[];
  readonly mode: string;
  readonly transformation: string;
  readonly antialias: boolean;
  readonly exclude: boolean;
  readonly a: number;
  readonly seed: number;
}

type Tap = readonly [cell: number, weight: number];

const at = (list: readonly number[], i: number): number => list[i] as number;

/** The place of output cell p, from the sizes, in f64. */
function place(transformation: string, p: number, extent: number, count: number): number {
  const centre = ((p + 0.5) * extent) / count - 0.5;
  if (transformation === "align_corners") {
    return count === 1 ? 0 : (p * (extent - 1)) / (count - 1);
  }
  if (transformation === "asymmetric") return (p * extent) / count;
  return transformation === "pytorch_half_pixel" && count === 1 ? 0 : centre;
}

function kernelOf(mode: string, a: number): (distance: number) => number {
  if (mode === "linear") return (d) => Math.max(0, 1 - d);
  return (d) => {
    if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
    return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
  };
}

/** All cells that weigh anything, wherever they are; those outside stand for the nearest one. */
function taps(c: Sampling, axis: number, p: number): Tap[] {
  const [extent, count] = [at(c.extents, axis), at(c.counts, axis)];
  const x = place(c.transformation, p, extent, count);
  const shrink = c.antialias ? Math.min(1, count / extent) : 1;
  const kernel = kernelOf(c.mode, c.a);
  const reach = Math.ceil(2 / shrink) + 1;
  const all: [number, number][] = [];
  for (let q = Math.floor(x) - reach; q <= Math.floor(x) + reach; q++) {
    const isInside = q >= 0 && q < extent;
    const weight = kernel(Math.abs(q - x) * shrink);
    if (weight !== 0 && (isInside || !c.exclude)) all.push([q, weight]);
  }
  const sum = c.antialias || c.exclude ? all.reduce((s, [, w]) => s + w, 0) : 1;
  return all.map(([q, w]) => [Math.min(Math.max(q, 0), extent - 1), w / sum]);
}

function reference(c: Sampling, values: readonly number[]): number[] {
  const axes = c.extents.map((_, axis) =>
    Array.from({ length: at(c.counts, axis) }, (_, p) => taps(c, axis, p)),
  );
  return coordinates(c.counts).map((position) => {
    const perAxis = position.map((p, axis) => axes[axis]?.[p] as Tap[]);
    return coordinates(perAxis.map((t) => t.length)).reduce((sum, choice) => {
      const chosen = choice.map((i, axis) => perAxis[axis]?.[i] as Tap);
      const cell = flatten(
        chosen.map(([q]) => q),
        c.extents,
      ) as number;
      return sum + chosen.reduce((w, [, v]) => w * v, 1) * at(values, cell);
    }, 0);
  });
}

const sampling = (modes: readonly string[]) =>
  fc.integer({ min: 1, max: 2 }).chain((rank) => {
    const list = (max: number) =>
      fc.array(fc.integer({ min: 1, max }), { minLength: rank, maxLength: rank });
    return fc.record({
      extents: list(7),
      counts: list(9),
      mode: fc.constantFrom(...modes),
      transformation: fc.constantFrom(
        "half_pixel",
        "pytorch_half_pixel",
        "align_corners",
        "asymmetric",
      ),
      antialias: fc.boolean(),
      exclude: fc.boolean(),
      a: fc.constantFrom(-0.75, -0.5),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
  });

function attributesOf(c: Sampling): Record<string, AttributeValue> {
  return {
    mode: text(c.mode),
    coordinate_transformation_mode: text(c.transformation),
    antialias: int(c.antialias ? 1 : 0),
    exclude_outside: int(c.exclude ? 1 : 0),
    cubic_coeff_a: float(c.a),
  };
}

function run(
  x: Tensor,
  attributes: Record<string, AttributeValue>,
  given: { sizes?: readonly number[]; scales?: readonly number[]; roi?: readonly number[] },
  version = 19,
): Tensor {
  const floats = (v?: readonly number[]) => v && f32Tensor([v.length], v);
  const sizes = given.sizes && i64Tensor([given.sizes.length], given.sizes);
  const rest =
    version < 11 ? [floats(given.scales)] : [floats(given.roi), floats(given.scales), sizes];
  return runNode({ operator: "Resize", version, attributes, inputs: [x, ...rest] })[0] as Tensor;
}

const count = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

describe("Resize, linear and cubic", () => {
  it("is what the formulas give", () => {
    fc.assert(
      fc.property(sampling(["linear", "cubic"]), (c) => {
        const values = moderate(count(c.extents), c.seed);
        const y = run(f32Tensor(c.extents, values), attributesOf(c), { sizes: c.counts });
        expect(y.dims).toEqual(c.counts);
        const got = valuesOf(y).map(Number);
        reference(c, values).forEach((want, i) => {
          expect(Math.abs(at(got, i) - want)).toBeLessThan(2e-5);
        });
      }),
      { numRuns: 250 },
    );
  });

  it("f64 goes as far as f64 does", () => {
    fc.assert(
      fc.property(sampling(["linear", "cubic"]), (c) => {
        const values = moderate(count(c.extents), c.seed);
        const x = tensorFrom("f64", c.extents, values);
        const got = valuesOf(run(x, attributesOf(c), { sizes: c.counts })).map(Number);
        reference(c, values).forEach((want, i) => {
          expect(Math.abs(at(got, i) - want)).toBeLessThan(1e-13);
        });
      }),
      { numRuns: 100 },
    );
  });

  it("bits: weights rounded once, the last axis first, taps ascending from +0", () => {
    const values = moderate(6, 3);
    const y = run(f32Tensor([2, 3], values), { mode: text("linear") }, { sizes: [3, 5] });
    const axis = (list: readonly number[], n: number): number[] =>
      Array.from({ length: n }, (_, p) => {
        const d = list.length;
        const x = Math.min(Math.max(((p + 0.5) * d) / n - 0.5, 0), d - 1);
        const i = Math.floor(x);
        const next = Math.min(i + 1, d - 1);
        const [w0, w1] = [fl(1 - (x - i)), fl(1 - (i + 1 - x))];
        return fl(fl(0 + fl(at(list, i) * w0)) + fl(at(list, next) * w1));
      });
    const rows = [values.slice(0, 3), values.slice(3)].map((row) => axis(row, 5));
    const columns = Array.from({ length: 5 }, (_, i) =>
      axis(
        rows.map((r) => at(r, i)),
        3,
      ),
    );
    const want = Array.from({ length: 15 }, (_, i) => at(columns[i % 5] ?? [], Math.floor(i / 5)));
    expect(bitsOf(y)).toEqual(bitsOf(f32Tensor([3, 5], want)));
  });

  it("integers are computed in f32, then truncated and saturated", () => {
    const x = tensorFrom("u8", [4], [0, 255, 255, 0]);
    const y = run(x, { mode: text("cubic") }, { sizes: [8] });
    expect(y.dtype).toBe("u8");
    const exact = valuesOf(
      run(f32Tensor([4], [0, 255, 255, 0]), { mode: text("cubic") }, { sizes: [8] }),
    );
    expect(valuesOf(y)).toEqual(
      exact.map((v) => Math.min(255, Math.max(0, Math.trunc(Number(v))))),
    );
  });

  it("an axis that stays is not touched: −0 and infinities beside each other", () => {
    const x = f32Tensor([2, 3], [-0, Number.POSITIVE_INFINITY, -0, 1, 2, 3]);
    expect(bitsOf(run(x, { mode: text("linear") }, { scales: [1, 1] }))).toEqual(bitsOf(x));
  });
});

describe("Resize, nearest", () => {
  /** ⌊n ÷ d⌋ of integers. */
  const quotient = (n: number, d: number): number =>
    Number((BigInt(n) - (((BigInt(n) % BigInt(d)) + BigInt(d)) % BigInt(d))) / BigInt(d));

  /** The place as a fraction n ÷ d, exactly. */
  function fraction(transformation: string, p: number, extent: number, size: number) {
    if (transformation === "asymmetric") return [p * extent, size] as const;
    if (transformation === "align_corners") {
      return size === 1 ? ([0, 1] as const) : ([p * (extent - 1), size - 1] as const);
    }
    if (transformation === "pytorch_half_pixel" && size === 1) return [0, 1] as const;
    return [(2 * p + 1) * extent - size, 2 * size] as const;
  }

  const ROUNDINGS: Record<string, (n: number, d: number) => number> = {
    floor: (n, d) => quotient(n, d),
    ceil: (n, d) => -quotient(-n, d),
    round_prefer_floor: (n, d) => -quotient(-(2 * n - d), 2 * d),
    round_prefer_ceil: (n, d) => quotient(2 * n + d, 2 * d),
  };

  it("takes the cell that exact fractions say", () => {
    const c = fc.record({
      extent: fc.integer({ min: 1, max: 40 }),
      size: fc.integer({ min: 1, max: 60 }),
      transformation: fc.constantFrom(
        "half_pixel",
        "pytorch_half_pixel",
        "align_corners",
        "asymmetric",
      ),
      rounding: fc.constantFrom(...Object.keys(ROUNDINGS)),
    });
    fc.assert(
      fc.property(c, ({ extent, size, transformation, rounding }) => {
        const y = run(
          counting("i32", [extent]),
          {
            coordinate_transformation_mode: text(transformation),
            nearest_mode: text(rounding),
          },
          { sizes: [size] },
        );
        const want = Array.from({ length: size }, (_, p) => {
          const [n, d] = fraction(transformation, p, extent, size);
          const cell = (ROUNDINGS[rounding] as (n: number, d: number) => number)(n, d);
          return Math.min(Math.max(cell, 0), extent - 1) + 1;
        });
        expect(valuesOf(y)).toEqual(want);
      }),
      { numRuns: 500 },
    );
  });

  it("repeats cells alike, whichever program does it", () => {
    // Whole scales are index maps; the sizes that say the same with a third axis go by tables.
    for (const [transformation, rounding] of [
      ["asymmetric", "floor"],
      ["half_pixel", "round_prefer_floor"],
      ["half_pixel", "round_prefer_ceil"],
      ["tf_half_pixel_for_nn", "floor"],
    ] as const) {
      const attributes = {
        coordinate_transformation_mode: text(transformation),
        nearest_mode: text(rounding),
      };
      for (const factor of [1, 2, 3, 7]) {
        const y = run(counting("i64", [2, 5]), attributes, { scales: [1, factor] });
        const want = Array.from({ length: 10 * factor }, (_, i) =>
          BigInt(Math.floor(i / factor) + 1),
        );
        expect(valuesOf(y)).toEqual(want);
      }
    }
  });

  it("copies bits, in every dtype", () => {
    const x = tensorOf("f16", [3], Uint8Array.of(0x01, 0x80, 0x00, 0xfc, 0x00, 0x80));
    const y = run(x, {}, { scales: [2] });
    expect(bitsOf(y)).toEqual(["8001", "8001", "fc00", "fc00", "8000", "8000"]);
  });

  it("version 10: up at or before, down at or after", () => {
    const x = counting("i32", [4]);
    expect(valuesOf(run(x, {}, { scales: [0.6] }, 10))).toEqual([1, 3]);
    expect(valuesOf(run(x, {}, { scales: [1.5] }, 10))).toEqual([1, 1, 2, 3, 3, 4]);
  });
});

describe("Resize, extents", () => {
  const dimsOf = (
    dims: readonly number[],
    given: Parameters<typeof run>[2],
    attributes: Record<string, AttributeValue> = {},
  ) => run(counting("f32", dims), attributes, given).dims;

  it("scales: the product in f32, rounded down", () => {
    // In f64, 10 times the f32 nearest to 0.7 is below 7.
    expect(dimsOf([10, 3, 5], { scales: [0.7, 1 / 3, 2.5] })).toEqual([7, 1, 12]);
  });

  it("policies: one scale for all named axes, half up", () => {
    const policy = (name: string) => ({
      axes: ints(-2, -1),
      keep_aspect_ratio_policy: text(name),
    });
    expect(dimsOf([9, 2, 4], { sizes: [7, 8] }, policy("not_larger"))).toEqual([9, 4, 8]);
    expect(dimsOf([9, 2, 4], { sizes: [7, 8] }, policy("not_smaller"))).toEqual([9, 7, 14]);
    expect(dimsOf([9, 2, 5], { sizes: [1, 9] }, policy("not_larger"))).toEqual([9, 1, 3]);
  });

  it("crop: what lies outside on any axis is the extrapolation value", () => {
    const attributes = {
      coordinate_transformation_mode: text("tf_crop_and_resize"),
      extrapolation_value: float(-4),
      axes: ints(0, 1),
    };
    const roi = [0, 0, 1, 2];
    for (const mode of ["nearest", "linear"]) {
      const y = run(
        counting("f32", [3, 3]),
        { ...attributes, mode: text(mode) },
        { roi, sizes: [3, 3] },
      );
      expect(valuesOf(y)).toEqual([1, 3, -4, 4, 6, -4, 7, 9, -4]);
    }
  });

  it.each([
    [{ scales: [0, 1] }, {}, "no positive number"],
    [{ scales: [1] }, {}, "1 scales for 2 axes"],
    [{ sizes: [1, 2, 3] }, {}, "for 2 axes"],
    [{}, {}, "either scales or sizes"],
    [{ scales: [1, 1], sizes: [2, 3] }, {}, "either scales or sizes"],
    [{ scales: [1, 2] }, { mode: text("lanczos") }, "mode"],
    [{ scales: [1, 2] }, { antialias: int(1) }, "antialias of nearest"],
    [{ scales: [2, 2] }, { axes: ints(0, -2) }, "repeat"],
  ])("refuses %j", (given, attributes, message) => {
    expect(() => run(counting("f32", [2, 3]), attributes, given)).toThrow(message);
  });
});

describe("Upsample", () => {
  it("is an asymmetric Resize", () => {
    const x = f32Tensor([1, 2, 3, 4], moderate(24, 5));
    const scales = f32Tensor([4], [1, 1, 2, 1.5]);
    for (const mode of ["nearest", "linear"]) {
      const [y] = runNode({
        operator: "Upsample",
        version: 9,
        attributes: { mode: text(mode) },
        inputs: [x, scales],
      });
      const want = run(
        x,
        {
          mode: text(mode),
          coordinate_transformation_mode: text("asymmetric"),
          nearest_mode: text("floor"),
        },
        { scales: [1, 1, 2, 1.5] },
      );
      expect(y).toEqual(want);
    }
  });
});
