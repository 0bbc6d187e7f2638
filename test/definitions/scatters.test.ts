import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elementCount, i64Tensor, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { coordinateOf, flatOf } from "../support/nested.js";
import { int, runNode, text } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** Scatters against loops that write one update after the other. */

type Reduction = "none" | "add" | "mul" | "min" | "max";
const REDUCTIONS: readonly Reduction[] = ["none", "add", "mul", "min", "max"];

const NUMERIC: Readonly<Record<Reduction, (x: number, y: number) => number>> = {
  none: (_, y) => y,
  add: (x, y) => Math.fround(x + y),
  mul: (x, y) => Math.fround(x * y),
  min: (x, y) => Math.min(x, y),
  max: (x, y) => Math.max(x, y),
};

/** Where update `flat` goes, or undefined where it is dropped. */
type Goal = (flat: number) => number | undefined;

function written(data: Tensor, updates: Tensor, reduction: Reduction, goal: Goal): Tensor {
  const y = valuesOf(data).map(Number);
  valuesOf(updates).forEach((u, i) => {
    const at = goal(i);
    if (at !== undefined) y[at] = NUMERIC[reduction](y[at] as number, Number(u));
  });
  return tensorFrom(data.dtype, data.dims, y);
}

const fromEnd = (index: number, extent: number): number | undefined => {
  const at = index < 0 ? index + extent : index;
  return at >= 0 && at < extent ? at : undefined;
};

const value = fc.oneof(
  fc.constantFrom(0, -0, 1, Number.NaN, Number.NEGATIVE_INFINITY, 3e38),
  fc.float({ noDefaultInfinity: true }),
);
const floats = (dims: readonly number[]): fc.Arbitrary<Tensor> =>
  fc
    .array(value, { minLength: elementCount(dims), maxLength: elementCount(dims) })
    .map((values) => tensorFrom("f32", dims, values));
const indices = (count: number, reach: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: -reach - 1, max: reach }), { minLength: count, maxLength: count });
const small = fc.integer({ min: 1, max: 4 });

describe("ScatterElements", () => {
  const shaped = fc
    .array(small, { minLength: 1, maxLength: 3 })
    .chain((dims) =>
      fc.tuple(
        fc.constant(dims),
        fc.tuple(...dims.map((d) => fc.integer({ min: 1, max: d }))) as fc.Arbitrary<number[]>,
        fc.nat(dims.length - 1),
        fc.integer({ min: 0, max: 6 }),
      ),
    );
  const scattered = shaped.chain(([dims, covered, axis, length]) => {
    const shape = covered.map((d, i) => (i === axis ? length : d));
    return fc.record({
      data: floats(dims),
      at: indices(elementCount(shape), dims[axis] as number),
      updates: floats(shape),
      axis: fc.constant(axis),
      reduction: fc.constantFrom(...REDUCTIONS),
    });
  });

  it("writes update after update in row-major order", () => {
    fc.assert(
      fc.property(scattered, ({ data, at, updates, axis, reduction }) => {
        const goal: Goal = (flat) => {
          const place = coordinateOf(flat, updates.dims);
          const moved = fromEnd(at[flat] as number, data.dims[axis] as number);
          if (moved === undefined) return undefined;
          place[axis] = moved;
          return flatOf(place, data.dims);
        };
        const [y] = runNode({
          operator: "ScatterElements",
          version: 18,
          inputs: [data, i64Tensor(updates.dims, at), updates],
          attributes: { axis: int(axis), reduction: text(reduction) },
        });
        expect(bitsOf(y as Tensor)).toEqual(bitsOf(written(data, updates, reduction, goal)));
      }),
      { numRuns: 300 },
    );
  });

  it("starts reductions from the element of data, in order, rounding each step", () => {
    const data = tensorFrom("f32", [1], [1]);
    const updates = tensorFrom("f32", [3], [2 ** -24, 2 ** -24, 2 ** -23]);
    const inputs = [data, i64Tensor([3], [0, 0, 0]), updates];
    const attributes = { reduction: text("add") };
    const [y] = runNode({ operator: "ScatterElements", version: 16, inputs, attributes });
    expect(y).toEqual(tensorFrom("f32", [1], [1 + 2 ** -23]));
  });

  it("rounds a half once, after all updates", () => {
    const data = tensorFrom("f16", [1], [1]);
    const updates = tensorFrom("f16", [2], [2 ** -11, 2 ** -11]);
    const inputs = [data, i64Tensor([2], [0, 0]), updates];
    const attributes = { reduction: text("add") };
    const [y] = runNode({ operator: "ScatterElements", version: 18, inputs, attributes });
    expect(y).toEqual(tensorFrom("f16", [1], [1 + 2 ** -10]));
  });

  it("refuses reductions that its version does not have", () => {
    const inputs = [tensorFrom("f32", [1], [1]), i64Tensor([1], [0]), tensorFrom("f32", [1], [2])];
    const attributes = { reduction: text("max") };
    const run = () => runNode({ operator: "ScatterElements", version: 16, inputs, attributes });
    expect(run).toThrow(/reduction "max" in version 16/);
  });
});

describe("ScatterND", () => {
  const shaped = fc
    .array(small, { minLength: 1, maxLength: 3 })
    .chain((dims) =>
      fc.tuple(fc.constant(dims), fc.integer({ min: 1, max: dims.length }), fc.nat(5)),
    );
  const scattered = shaped.chain(([dims, depth, count]) =>
    fc.record({
      data: floats(dims),
      depth: fc.constant(depth),
      at: fc.array(
        fc.tuple(...dims.slice(0, depth).map((d) => fc.integer({ min: -d - 1, max: d }))),
        { minLength: count, maxLength: count },
      ) as fc.Arbitrary<number[][]>,
      updates: floats([count, ...dims.slice(depth)]),
      reduction: fc.constantFrom(...REDUCTIONS),
    }),
  );

  it("writes slice after slice", () => {
    fc.assert(
      fc.property(scattered, ({ data, depth, at, updates, reduction }) => {
        const goal: Goal = (flat) => {
          const [update, ...inside] = coordinateOf(flat, updates.dims) as [number, ...number[]];
          const there = (at[update] as number[]).map((i, axis) =>
            fromEnd(i, data.dims[axis] as number),
          );
          if (there.includes(undefined)) return undefined;
          return flatOf([...(there as number[]), ...inside], data.dims);
        };
        const [y] = runNode({
          operator: "ScatterND",
          version: 18,
          inputs: [data, i64Tensor([at.length, depth], at.flat()), updates],
          attributes: { reduction: text(reduction) },
        });
        expect(bitsOf(y as Tensor)).toEqual(bitsOf(written(data, updates, reduction, goal)));
      }),
      { numRuns: 300 },
    );
  });
});

describe("TensorScatter", () => {
  const shaped = fc.record({
    batch: small,
    extent: fc.integer({ min: 1, max: 6 }),
    inner: small,
    mode: fc.constantFrom("linear", "circular"),
  });
  const cached = shaped.chain(({ batch, extent, inner, mode }) =>
    fc.integer({ min: 0, max: extent }).chain((length) =>
      fc.record({
        cache: floats([batch, extent, inner]),
        update: floats([batch, length, inner]),
        starts: indices(batch, 7),
        mode: fc.constant(mode),
      }),
    ),
  );

  it("writes each batch from its own position on", () => {
    fc.assert(
      fc.property(cached, ({ cache, update, starts, mode }) => {
        const extent = cache.dims[1] as number;
        const goal: Goal = (flat) => {
          const [batch, step, inside] = coordinateOf(flat, update.dims) as [number, number, number];
          const position = (starts[batch] as number) + step;
          const at = mode === "circular" ? ((position % extent) + extent) % extent : position;
          return at >= 0 && at < extent ? flatOf([batch, at, inside], cache.dims) : undefined;
        };
        const [y] = runNode({
          operator: "TensorScatter",
          version: 24,
          inputs: [cache, update, i64Tensor([starts.length], starts)],
          attributes: { mode: text(mode) },
        });
        expect(bitsOf(y as Tensor)).toEqual(bitsOf(written(cache, update, "none", goal)));
      }),
    );
  });
});
