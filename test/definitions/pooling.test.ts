import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AttributeValue, f32Tensor, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { coordinates, fl, flatten, laneSum, maximum, seeded } from "../support/reference.js";
import { int, ints, runNode } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** Pools against naive loops, bit for bit. */

interface PoolCase {
  readonly spatial: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly ceil: boolean;
  readonly seed: number;
}

const at = (list: readonly number[], i: number): number => list[i] as number;
const reach = (c: PoolCase, i: number) => (at(c.kernel, i) - 1) * at(c.dilations, i) + 1;
const room = (c: PoolCase, i: number) =>
  at(c.spatial, i) + at(c.begin, i) + at(c.end, i) - reach(c, i);

/** Windows of up to `cells` cells along each axis. */
const poolCase = (cells: number, extent: number) =>
  fc
    .integer({ min: 1, max: 3 })
    .chain((rank) => {
      const list = (min: number, max: number) =>
        fc.array(fc.integer({ min, max }), { minLength: rank, maxLength: rank });
      return fc.record({
        spatial: list(1, extent),
        kernel: list(1, cells),
        strides: list(1, 3),
        dilations: list(1, 2),
        begin: list(0, 2),
        end: list(0, 2),
        ceil: fc.boolean(),
        seed: fc.integer({ min: 1, max: 1e6 }),
      });
    })
    .filter((c) => c.spatial.every((_, i) => room(c, i) >= 0));

function outputOf(c: PoolCase): number[] {
  return c.spatial.map((d, i) => {
    const slides = room(c, i) / at(c.strides, i);
    const n = (c.ceil ? Math.ceil(slides) : Math.floor(slides)) + 1;
    return c.ceil && (n - 1) * at(c.strides, i) >= d + at(c.begin, i) ? n - 1 : n;
  });
}

/** Per output element, the flat position in X of each window cell, or `undefined` off the input. */
function windows(c: PoolCase): { cells: (number | undefined)[]; padded: number }[] {
  const dims = [2, 2, ...c.spatial];
  return coordinates([2, 2, ...outputOf(c)]).map(([n = 0, channel = 0, ...position]) => {
    const places = coordinates(c.kernel).map((cell) =>
      position.map(
        (p, i) => p * at(c.strides, i) + at(cell, i) * at(c.dilations, i) - at(c.begin, i),
      ),
    );
    const padded = places.filter((place) =>
      place.every((q, i) => q >= -at(c.begin, i) && q < at(c.spatial, i) + at(c.end, i)),
    ).length;
    return { cells: places.map((place) => flatten([n, channel, ...place], dims)), padded };
  });
}

function attributesOf(c: PoolCase): Record<string, AttributeValue> {
  return {
    kernel_shape: ints(...c.kernel),
    strides: ints(...c.strides),
    dilations: ints(...c.dilations),
    pads: ints(...c.begin, ...c.end),
    ceil_mode: int(c.ceil ? 1 : 0),
  };
}

function input(c: PoolCase): { x: Tensor; values: number[] } {
  const dims = [2, 2, ...c.spatial];
  const values = seeded(
    dims.reduce((n, d) => n * d, 1),
    c.seed,
    true,
  );
  return { x: f32Tensor(dims, values), values };
}

const present = (cells: readonly (number | undefined)[]): number[] =>
  cells.filter((cell) => cell !== undefined);

describe("MaxPool", () => {
  it("is the maximum over the cells on the input, and says where it was", () => {
    fc.assert(
      fc.property(poolCase(3, 6), (c) => {
        const { x, values } = input(c);
        const [y, indices] = runNode({
          operator: "MaxPool",
          version: 22,
          inputs: [x],
          attributes: attributesOf(c),
          outputs: 2,
        }) as [Tensor, Tensor];
        const found = windows(c);
        expect(y.dims).toEqual([2, 2, ...outputOf(c)]);
        const want = found.map((w) => maximum(present(w.cells).map((i) => at(values, i))));
        expect(bitsOf(y)).toEqual(bitsOf(f32Tensor(y.dims, want)));
        const where = found.map((w) => BigInt(firstGreatest(present(w.cells), values)));
        expect(valuesOf(indices)).toEqual(where);
      }),
      { numRuns: 200 },
    );
  });

  it("column-major indices and bytes", () => {
    const run = (order: number): (number | bigint)[] =>
      runNode({
        operator: "MaxPool",
        version: 22,
        inputs: [tensorFrom("i8", [1, 1, 2, 3], [-128, -128, -5, -128, -128, -7])],
        attributes: { kernel_shape: ints(2, 2), storage_order: int(order) },
        outputs: 2,
      }).flatMap(valuesOf);
    expect(run(0)).toEqual([-128, -5, 0n, 2n]);
    expect(run(1)).toEqual([-128, -5, 0n, 4n]);
    const u8 = tensorFrom("u8", [1, 1, 2], [200, 100]);
    const [y] = runNode({
      operator: "MaxPool",
      version: 12,
      inputs: [u8],
      attributes: { kernel_shape: ints(1) },
    });
    expect(valuesOf(y as Tensor)).toEqual([200, 100]);
  });
});

/** First index of the greatest: −0 equals +0, NaN is greatest; −1 of nothing. */
function firstGreatest(cells: readonly number[], values: readonly number[]): number {
  let best = -1;
  for (const i of cells) {
    const [v, w] = [at(values, i), values[best]];
    if (w === undefined || v > w || (Number.isNaN(v) && !Number.isNaN(w))) best = i;
  }
  return best;
}

describe("AveragePool", () => {
  const check = (c: PoolCase, includePad: boolean): void => {
    const { x, values } = input(c);
    const [y] = runNode({
      operator: "AveragePool",
      version: 22,
      inputs: [x],
      attributes: { ...attributesOf(c), count_include_pad: int(includePad ? 1 : 0) },
    }) as [Tensor];
    const want = windows(c).map(({ cells, padded }) => {
      const sum = laneSum(cells.map((i) => (i === undefined ? undefined : at(values, i))));
      return fl(sum / (includePad ? padded : present(cells).length));
    });
    expect(bitsOf(y)).toEqual(bitsOf(f32Tensor(y.dims, want)));
  };

  it("divides the lane sum by the cells that count", () => {
    fc.assert(fc.property(poolCase(3, 6), fc.boolean(), check), { numRuns: 200 });
  });

  it("windows of more than 32 cells", () => {
    fc.assert(fc.property(poolCase(8, 9), fc.boolean(), check), { numRuns: 60 });
    const wide = { strides: [1, 1], dilations: [1, 1], begin: [1, 2], end: [0, 3], ceil: false };
    check({ ...wide, spatial: [6, 40], kernel: [3, 32], seed: 5 }, true);
    check({ ...wide, spatial: [6, 40], kernel: [3, 33], seed: 6 }, false);
  });

  it("one window over the whole input is GlobalAveragePool", () => {
    for (const spatial of [[3, 3], [7, 7], [13, 13], [4, 5, 6], [50]]) {
      const dims = [2, 3, ...spatial];
      const x = f32Tensor(
        dims,
        seeded(
          dims.reduce((n, d) => n * d, 1),
          9,
        ),
      );
      const [pooled] = runNode({
        operator: "AveragePool",
        version: 22,
        inputs: [x],
        attributes: { kernel_shape: ints(...spatial) },
      });
      const [global] = runNode({ operator: "GlobalAveragePool", version: 22, inputs: [x] });
      expect(pooled).toEqual(global);
      expect(global?.dims).toEqual([2, 3, ...spatial.map(() => 1)]);
    }
  });

  it("a window of padding alone is NaN", () => {
    const [y] = runNode({
      operator: "AveragePool",
      version: 22,
      inputs: [f32Tensor([1, 1, 1], [5])],
      attributes: { kernel_shape: ints(1), pads: ints(1, 0) },
    });
    expect(bitsOf(y as Tensor)).toEqual(["7fc00000", "40a00000"]);
  });
});

describe("global pools", () => {
  it("GlobalAveragePool is the lane sum divided by the count, never times a reciprocal", () => {
    for (const n of [1, 9, 32, 33, 169]) {
      const values = seeded(n, n);
      const [y] = runNode({
        operator: "GlobalAveragePool",
        version: 1,
        inputs: [f32Tensor([1, 1, n], values)],
      });
      expect(bitsOf(y as Tensor)).toEqual(bitsOf(f32Tensor([1], [fl(laneSum(values) / n)])));
    }
  });

  it("GlobalMaxPool: NaN wins, +0 > −0", () => {
    const run = (values: number[]) =>
      bitsOf(
        runNode({
          operator: "GlobalMaxPool",
          version: 1,
          inputs: [f32Tensor([1, 1, values.length], values)],
        })[0] as Tensor,
      );
    expect(run([-0, 0, -0])).toEqual(["00000000"]);
    expect(run([1, Number.NaN, 2])).toEqual(["7fc00000"]);
    expect(run([...new Array<number>(40).fill(-0), ...new Array<number>(5).fill(-3)])).toEqual([
      "80000000",
    ]);
  });
});
