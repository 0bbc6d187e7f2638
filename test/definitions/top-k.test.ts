import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { i64Tensor, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { int, runNode } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** TopK against a stable sort of the positions of every row. */

/** Whether a comes strictly before b: NaN is greatest in both directions. */
function comesBefore(a: number, b: number, largest: boolean): boolean {
  const [x, y] = [a, b].map((v) => (Number.isNaN(v) ? [1, 0] : [0, v])) as [number[], number[]];
  const order = (x[0] as number) - (y[0] as number) || (x[1] as number) - (y[1] as number);
  return largest ? order > 0 : order < 0;
}

/** Array.prototype.sort is stable, so that the first of equals stays first. */
function best(row: readonly number[], count: number, largest: boolean): number[] {
  const positions = row.map((_, i) => i);
  const at = (i: number) => row[i] as number;
  positions.sort((i, j) => {
    if (comesBefore(at(i), at(j), largest)) return -1;
    return comesBefore(at(j), at(i), largest) ? 1 : 0;
  });
  return positions.slice(0, count);
}

function topK(x: Tensor, count: number, attributes: Record<string, number>): [Tensor, Tensor] {
  const outputs = runNode({
    operator: "TopK",
    version: 11,
    inputs: [x, i64Tensor([1], [count])],
    attributes: Object.fromEntries(Object.entries(attributes).map(([k, v]) => [k, int(v)])),
    outputs: 2,
  });
  return outputs as [Tensor, Tensor];
}

const value = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.integer({ min: -3, max: 3 }),
  fc.float({ noNaN: true }),
);
const rows = fc
  .record({ outer: fc.integer({ min: 1, max: 3 }), n: fc.integer({ min: 0, max: 12 }) })
  .chain(({ outer, n }) =>
    fc.record({
      outer: fc.constant(outer),
      n: fc.constant(n),
      values: fc.array(value, { minLength: outer * n, maxLength: outer * n }),
      count: fc.integer({ min: 0, max: n }),
      largest: fc.boolean(),
    }),
  );

describe("TopK", () => {
  it("is a stable sort of every row, cut off", () => {
    fc.assert(
      fc.property(rows, ({ outer, n, values, count, largest }) => {
        const x = tensorFrom("f32", [outer, n], values);
        const [top, indices] = topK(x, count, { largest: largest ? 1 : 0 });
        const stored = valuesOf(x).map(Number);
        const want = Array.from({ length: outer }, (_, r) =>
          best(stored.slice(r * n, (r + 1) * n), count, largest).map((i) => r * n + i),
        ).flat();
        expect(valuesOf(indices)).toEqual(want.map((i) => BigInt(n === 0 ? 0 : i % n)));
        const bits = bitsOf(x);
        expect(bitsOf(top)).toEqual(want.map((i) => bits[i]));
      }),
      { numRuns: 300 },
    );
  });

  it("keeps the first of equals, −0 and +0 among them, and puts NaN above infinity", () => {
    const x = tensorFrom("f32", [6], [0, Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NaN, 0]);
    expect(valuesOf(topK(x, 6, {})[1]).map(Number)).toEqual([1, 4, 3, 0, 2, 5]);
    expect(valuesOf(topK(x, 6, { largest: 0 })[1]).map(Number)).toEqual([0, 2, 5, 3, 1, 4]);
  });

  it("compares unsigned integers unsigned, along any axis", () => {
    const x = tensorFrom("u64", [3, 2], [2n ** 63n, 1n, 5n, 2n ** 64n - 1n, 2n ** 63n + 1n, 0n]);
    const [values, indices] = topK(x, 2, { axis: 0 });
    expect(indices).toEqual(i64Tensor([2, 2], [2, 1, 0, 0]));
    expect(values).toEqual(
      tensorFrom("u64", [2, 2], [2n ** 63n + 1n, 2n ** 64n - 1n, 2n ** 63n, 1n]),
    );
  });

  it("refuses a K that the axis does not have", () => {
    const x = tensorFrom("f32", [3], [1, 2, 3]);
    for (const count of [4, -1]) expect(() => topK(x, count, {})).toThrow(/K -?\d of 3 elements/);
  });
});
