import { describe, expect, it } from "vitest";
import {
  type AttributeValue,
  type DType,
  f32Tensor,
  i64Tensor,
  type Tensor,
} from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { fl, laneSum, moderate, pow, seeded } from "../support/reference.js";
import { float, int, ints, runNode } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** Norms of windows and rows, Hardmax and EyeLike against naive loops, bit for bit. */

function run(
  operator: string,
  version: number,
  x: Tensor,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Tensor {
  return runNode({ operator, version, attributes, inputs: [x] })[0] as Tensor;
}

const sqrt = (x: number): number => fl(Math.sqrt(x));

/** The p-norm of a list with holes where there is padding. */
function norm(values: readonly (number | undefined)[], p: number): number {
  const powers = values.map((v) => {
    if (v === undefined) return undefined;
    if (p === 2) return fl(v * v);
    return p === 1 ? Math.abs(v) : pow(Math.abs(v), fl(p));
  });
  const sum = laneSum(powers);
  if (p === 1) return sum;
  return p === 2 ? sqrt(sum) : pow(sum, fl(1 / fl(p)));
}

describe("LpPool", () => {
  it.each([1, 2, 3])("p = %i: the norm of the window, padding counted as a position", (p) => {
    const values = moderate(50, p);
    const y = run("LpPool", 22, f32Tensor([1, 1, 50], values), {
      kernel_shape: ints(40),
      pads: ints(3, 2),
      p: int(p),
    });
    const want = Array.from({ length: 16 }, (_, s) =>
      norm(
        Array.from({ length: 40 }, (_, k) => values[s + k - 3]),
        p,
      ),
    );
    expect(bitsOf(y)).toEqual(bitsOf(f32Tensor([1, 1, 16], want)));
  });

  it("a window of padding alone is +0, NaN and infinity stay", () => {
    const x = f32Tensor([1, 1, 3], [Number.NaN, Number.NEGATIVE_INFINITY, -0]);
    const attributes = { kernel_shape: ints(1), pads: ints(0, 1), p: int(2) };
    const y = run("LpPool", 22, x, attributes);
    expect(bitsOf(y)).toEqual(["7fc00000", "7f800000", "00000000", "00000000"]);
  });

  it("global: over all spatial axes, p a float in version 1", () => {
    const values = moderate(2 * 35, 4);
    const x = f32Tensor([1, 2, 5, 7], values);
    for (const [version, p] of [
      [1, 2.5],
      [2, 4],
      [22, 1],
    ] as const) {
      const y = run("GlobalLpPool", version, x, { p: version === 1 ? float(p) : int(p) });
      const want = [norm(values.slice(0, 35), p), norm(values.slice(35), p)];
      expect(bitsOf(y)).toEqual(bitsOf(f32Tensor([1, 2, 1, 1], want)));
      expect(y.dims).toEqual([1, 2, 1, 1]);
    }
  });

  it("f64 has square roots but no powers", () => {
    const x = tensorFrom("f64", [1, 1, 2], [3, 4]);
    expect(valuesOf(run("GlobalLpPool", 2, x))).toEqual([5]);
    expect(() => run("GlobalLpPool", 2, x, { p: int(3) })).toThrow("f64 is not supported");
    expect(() => run("GlobalLpPool", 2, x, { p: int(0) })).toThrow("p = 0");
  });
});

describe("LpNormalization", () => {
  it.each([1, 2])("p = %i: divides by the norm of the row", (p) => {
    const values = moderate(3 * 37, p);
    const y = run("LpNormalization", 22, f32Tensor([3, 37], values), { p: int(p) });
    const want = [0, 1, 2].flatMap((row) => {
      const cells = values.slice(row * 37, row * 37 + 37);
      const n = norm(cells, p);
      return cells.map((v) => fl(v / n));
    });
    expect(bitsOf(y)).toEqual(bitsOf(f32Tensor([3, 37], want)));
  });

  it("a row of zeros stays", () => {
    const x = f32Tensor([2, 2], [-0, 0, 3, -4]);
    expect(bitsOf(run("LpNormalization", 1, x, { axis: int(1) }))).toEqual(
      bitsOf(f32Tensor([2, 2], [-0, 0, fl(0.6), fl(-0.8)])),
    );
    expect(() => run("LpNormalization", 1, x, { p: int(3) })).toThrow("p = 3");
  });
});

describe("MeanVarianceNormalization", () => {
  it("divides the deviation by its root mean square and a little more", () => {
    const values = moderate(2 * 3 * 20, 6);
    const y = run("MeanVarianceNormalization", 13, f32Tensor([2, 3, 4, 5], values));
    const want = new Array<number>(120);
    for (let channel = 0; channel < 3; channel++) {
      const cells = [0, 1].flatMap((n) =>
        Array.from({ length: 20 }, (_, i) => (n * 3 + channel) * 20 + i),
      );
      const row = cells.map((i) => values[i] as number);
      const mean = fl(laneSum(row) / 40);
      const d = row.map((v) => fl(v - mean));
      const deviation = fl(sqrt(fl(laneSum(d.map((v) => fl(v * v))) / 40)) + fl(1e-9));
      cells.forEach((cell, i) => {
        want[cell] = fl((d[i] as number) / deviation);
      });
    }
    expect(bitsOf(y)).toEqual(bitsOf(f32Tensor([2, 3, 4, 5], want)));
  });

  it("a constant row is 0", () => {
    const y = run("MeanVarianceNormalization", 9, f32Tensor([1, 1, 1, 3], [5, 5, 5]));
    expect(bitsOf(y)).toEqual(["00000000", "00000000", "00000000"]);
  });
});

describe("Hardmax", () => {
  const of = (values: readonly number[], attributes = {}): (number | bigint)[] =>
    valuesOf(run("Hardmax", 13, f32Tensor([values.length], values), attributes));

  it("is 1 at the first greatest element; NaN is greatest, −0 equals +0", () => {
    expect(of([1, 3, 3, 2])).toEqual([0, 1, 0, 0]);
    expect(of([-0, 0])).toEqual([1, 0]);
    expect(of([Number.POSITIVE_INFINITY, Number.NaN, Number.NaN])).toEqual([0, 1, 0]);
    expect(of([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])).toEqual([1, 0]);
    expect(of([7])).toEqual([1]);
  });

  it("a row is one axis from version 13, all the rest before", () => {
    const x = f32Tensor([2, 2, 2], [1, 2, 3, 4, 8, 7, 6, 5]);
    const ones = (version: number, axis: number): number[] =>
      valuesOf(run("Hardmax", version, x, { axis: int(axis) })).map(Number);
    expect(ones(13, 1)).toEqual([0, 0, 1, 1, 1, 1, 0, 0]);
    expect(ones(11, 1)).toEqual([0, 0, 0, 1, 1, 0, 0, 0]);
    expect(ones(11, 0)).toEqual([0, 0, 0, 0, 1, 0, 0, 0]);
  });

  it("agrees with ArgMax", () => {
    const x = f32Tensor([40, 33], seeded(40 * 33, 3, true));
    const y = valuesOf(run("Hardmax", 13, x)).map(Number);
    const where = valuesOf(run("ArgMax", 13, x, { axis: int(1), keepdims: int(0) })).map(Number);
    expect(y).toEqual(
      where.flatMap((w) => Array.from({ length: 33 }, (_, i) => (i === w ? 1 : 0))),
    );
  });
});

describe("EyeLike", () => {
  it("has ones on its diagonal, in its own dtype or another", () => {
    const x = i64Tensor([2, 3], [9, 9, 9, 9, 9, 9]);
    const eye = (k: number): (number | bigint)[] => valuesOf(run("EyeLike", 9, x, { k: int(k) }));
    expect(eye(0)).toEqual([1n, 0n, 0n, 0n, 1n, 0n]);
    expect(eye(1)).toEqual([0n, 1n, 0n, 0n, 0n, 1n]);
    expect(eye(-1)).toEqual([0n, 0n, 0n, 1n, 0n, 0n]);
    expect(eye(5)).toEqual([0n, 0n, 0n, 0n, 0n, 0n]);
    const dtypes: readonly (readonly [number, DType])[] = [
      [1, "f32"],
      [9, "bool"],
      [10, "f16"],
    ];
    for (const [code, dtype] of dtypes) {
      const y = run("EyeLike", 22, x, { dtype: int(code) });
      expect([y.dtype, valuesOf(y).map(Number)]).toEqual([dtype, [1, 0, 0, 0, 1, 0]]);
    }
  });

  it("refuses what is no matrix", () => {
    expect(() => run("EyeLike", 9, i64Tensor([2], [1, 2]))).toThrow("not a matrix");
    expect(() => run("EyeLike", 9, i64Tensor([1, 1], [1]), { dtype: int(8) })).toThrow("dtype 8");
  });
});
