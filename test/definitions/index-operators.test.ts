import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AttributeValue, i64Tensor, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { gathered } from "../support/nested.js";
import { int, ints, runNode, text } from "../support/run-definition.js";
import { counting, tensorFrom } from "../support/tensors.js";

/** Index operators against coordinate-by-coordinate copies. */

const list = (...values: number[]): Tensor => i64Tensor([values.length], values);

function run(
  operator: string,
  version: number,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Tensor {
  return runNode({ operator, version, inputs, attributes })[0] as Tensor;
}

const dims = (min = 0, maxRank = 4): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min, max: 4 }), { minLength: 1, maxLength: maxRank });

const at = (values: readonly number[], i: number): number => values[i] as number;

describe("Transpose", () => {
  it("permutes any axes", () => {
    const shaped = dims(0, 5).chain((d) =>
      fc.tuple(
        fc.constant(d),
        fc.shuffledSubarray(
          d.map((_, i) => i),
          { minLength: d.length },
        ),
      ),
    );
    fc.assert(
      fc.property(shaped, ([d, perm]) => {
        const x = counting("i32", d);
        const want = gathered(
          x,
          perm.map((p) => at(d, p)),
          (o) => d.map((_, axis) => at(o, perm.indexOf(axis))),
        );
        expect(run("Transpose", 25, [x], { perm: ints(...perm) })).toEqual(want);
      }),
    );
  });

  it("reverses the axes without perm", () => {
    expect(run("Transpose", 25, [counting("u8", [2, 3])])).toEqual(
      tensorFrom("u8", [3, 2], [1, 4, 2, 5, 3, 6]),
    );
  });
});

describe("Slice", () => {
  const end = fc.oneof(fc.integer({ min: -6, max: 6 }), fc.constantFrom(2 ** 53, -(2 ** 53)));
  const step = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: -3, max: -1 }));
  const range = fc.tuple(end, end, step);
  const shaped = dims(0, 3).chain((d) =>
    fc.tuple(fc.constant(d), fc.array(range, { minLength: d.length, maxLength: d.length })),
  );

  it("is numpy's x[start:end:step] on every axis", () => {
    fc.assert(
      fc.property(shaped, ([d, ranges]) => {
        const x = counting("f32", d);
        const picked = d.map((n, i) => picks(n, ...(ranges[i] as [number, number, number])));
        const want = gathered(
          x,
          picked.map((p) => p.length),
          (o) => o.map((c, i) => at(picked[i] as number[], c)),
        );
        const column = (i: number) => list(...ranges.map((r) => at(r, i)));
        const inputs = [x, column(0), column(1), list(...d.map((_, i) => i)), column(2)];
        expect(run("Slice", 13, inputs)).toEqual(want);
      }),
      { numRuns: 500 },
    );
  });

  it("takes attributes in version 1 and INT64 limits in inputs", () => {
    const x = counting("f32", [4, 2]);
    const attributes = { starts: ints(1), ends: ints(3), axes: ints(0) };
    expect(run("Slice", 1, [x], attributes)).toEqual(tensorFrom("f32", [2, 2], [3, 4, 5, 6]));
    const far = (v: bigint): Tensor => i64Tensor([1], [v]);
    const [low, high] = [-(1n << 63n), (1n << 63n) - 1n];
    const reversed = run("Slice", 13, [x, far(high), far(low), list(-2), far(-1n)]);
    expect(valuesOf(reversed)).toEqual([7, 8, 5, 6, 3, 4, 1, 2]);
    expect(valuesOf(run("Slice", 13, [x, far(0n), far(high), list(0), far(high)]))).toEqual([1, 2]);
  });
});

/** Positions that a Python slice takes from an axis, by walking it. */
function picks(n: number, start: number, end: number, step: number): number[] {
  const from = (v: number): number => (v < 0 ? v + n : v);
  const first = step > 0 ? Math.max(from(start), 0) : Math.min(from(start), n - 1);
  const found: number[] = [];
  for (
    let i = first;
    step > 0 ? i < Math.min(from(end), n) : i > Math.max(from(end), -1);
    i += step
  ) {
    found.push(i);
  }
  return found;
}

describe("Pad", () => {
  const shaped = dims(1, 3).chain((d) =>
    fc.tuple(
      fc.constant(d),
      fc.array(fc.integer({ min: -1, max: 9 }), {
        minLength: 2 * d.length,
        maxLength: 2 * d.length,
      }),
    ),
  );
  const modes: readonly [mode: string, source: (i: number, n: number) => number | undefined][] = [
    ["constant", (i, n) => (i >= 0 && i < n ? i : undefined)],
    ["edge", (i, n) => Math.min(Math.max(i, 0), n - 1)],
    ["wrap", (i, n) => ((i % n) + n) % n],
    ["reflect", bounced],
  ];

  it.each(modes)("%s", (mode, source) => {
    fc.assert(
      fc.property(shaped, ([d, pads]) => {
        const out = d.map((n, i) => at(pads, i) + n + at(pads, d.length + i));
        fc.pre(out.every((n) => n >= 0));
        const x = counting("f32", d);
        const want = gathered(x, out, (o) => {
          const from = o.map((c, i) => source(c - at(pads, i), at(d, i)));
          return from.every((c) => c !== undefined) ? (from as number[]) : undefined;
        });
        expect(run("Pad", 25, [x, list(...pads)], { mode: text(mode) })).toEqual(want);
      }),
    );
  });

  it("takes a value and axes, and attributes in version 2", () => {
    const x = counting("i8", [2, 2]);
    const value = tensorFrom("i8", [], [-7]);
    const padded = run("Pad", 18, [x, list(1, -1), value, list(-1)]);
    expect(padded).toEqual(tensorFrom("i8", [2, 2], [-7, 1, -7, 3]));
    const attributes = { pads: ints(0, 1), value: { kind: "float", value: 0.5 } as const };
    expect(valuesOf(run("Pad", 2, [counting("f32", [1])], attributes))).toEqual([1, 0.5]);
  });
});

/** Walks off the end of an axis and back, one cell at a time. */
function bounced(i: number, n: number): number {
  if (n === 1) return 0;
  let cell = 0;
  let direction = 1;
  for (let left = Math.abs(i); left > 0; left--) {
    if (cell + direction < 0 || cell + direction >= n) direction = -direction;
    cell += direction;
  }
  return cell;
}

describe("Concat and Split", () => {
  const pieces = fc.tuple(
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 }),
    dims(1, 3),
    fc.nat(),
  );

  it("are inverse, and keep every element", () => {
    fc.assert(
      fc.property(pieces, ([lengths, d, pick]) => {
        const axis = pick % d.length;
        const total = lengths.reduce((a, b) => a + b, 0);
        const whole = counting(
          "i16",
          d.map((n, i) => (i === axis ? total : n)),
        );
        let start = 0;
        const parts = lengths.map((n) => {
          const offset = start;
          start += n;
          const shape = d.map((e, i) => (i === axis ? n : e));
          return gathered(whole, shape, (o) => o.map((c, i) => (i === axis ? c + offset : c)));
        });
        const split = runNode({
          operator: "Split",
          version: 18,
          inputs: [whole, list(...lengths)],
          attributes: { axis: int(axis) },
          outputs: lengths.length,
        });
        expect(split).toEqual(parts);
        expect(run("Concat", 13, parts, { axis: int(axis - d.length) })).toEqual(whole);
      }),
    );
  });

  it("joins more inputs than a program has sources", () => {
    const parts = Array.from({ length: 150 }, (_, i) => tensorFrom("i64", [1], [BigInt(i)]));
    const joined = run("Concat", 13, parts, { axis: int(0) });
    expect(valuesOf(joined)).toEqual(Array.from({ length: 150 }, (_, i) => BigInt(i)));
  });

  it("splits unevenly only with num_outputs", () => {
    const node = { operator: "Split", inputs: [counting("f32", [5])], outputs: 3 };
    const outputs = runNode({ ...node, version: 18, attributes: { num_outputs: int(3) } });
    expect(outputs.map((t) => t.dims[0])).toEqual([2, 2, 1]);
    expect(() => runNode({ ...node, version: 13 })).toThrow(/equal pieces/);
  });
});

describe("Gather", () => {
  const data = counting("f32", [3, 2]);

  it("takes negative indices, and reads 0 outside", () => {
    const indices = tensorFrom("i32", [5], [0, -1, -3, 3, -4]);
    expect(run("Gather", 13, [data, indices])).toEqual(
      tensorFrom("f32", [5, 2], [1, 2, 5, 6, 1, 2, 0, 0, 0, 0]),
    );
  });

  it("puts the indices' dims in the axis's place", () => {
    const indices = i64Tensor([2, 1, 2], [1, 0, 0, 1]);
    const y = run("Gather", 13, [data, indices], { axis: int(-1) });
    expect(y.dims).toEqual([3, 2, 1, 2]);
    expect(valuesOf(y)).toEqual([2, 1, 1, 2, 4, 3, 3, 4, 6, 5, 5, 6]);
    const scalar = run("Gather", 13, [data, i64Tensor([], [1])]);
    expect(scalar).toEqual(tensorFrom("f32", [2], [3, 4]));
  });
});

describe("GatherElements and GatherND", () => {
  it("read 0 outside, and count negatives from the end", () => {
    const data = counting("f32", [2, 3]);
    const indices = i64Tensor([2, 2], [2, -1, 3, -4]);
    expect(run("GatherElements", 13, [data, indices], { axis: int(1) })).toEqual(
      tensorFrom("f32", [2, 2], [3, 3, 0, 0]),
    );
    const points = i64Tensor([3, 2], [1, -1, -2, 0, 2, 0]);
    expect(run("GatherND", 13, [data, points])).toEqual(tensorFrom("f32", [3], [6, 1, 0]));
  });

  it("GatherND shares batch axes and keeps trailing ones", () => {
    const data = counting("i32", [2, 2, 2]);
    const indices = i64Tensor([2, 1], [1, 0]);
    expect(run("GatherND", 13, [data, indices], { batch_dims: int(1) })).toEqual(
      tensorFrom("i32", [2, 2], [3, 4, 5, 6]),
    );
  });
});

describe("Trilu", () => {
  it.each([
    [1, 0],
    [0, 0],
    [1, 2],
    [0, -1],
    [1, -9],
    [0, 2 ** 53],
  ])("upper %i, k %i", (upper, k) => {
    const x = counting("f32", [2, 3, 4]);
    const want = gathered(x, x.dims, (o) => {
      const distance = at(o, 2) - at(o, 1) - k;
      return (upper ? distance >= 0 : distance <= 0) ? o : undefined;
    });
    expect(run("Trilu", 14, [x, i64Tensor([], [k])], { upper: int(upper) })).toEqual(want);
  });
});

describe("DepthToSpace and SpaceToDepth", () => {
  it("DCR is undone by SpaceToDepth; CRD takes channels of one depth together", () => {
    const x = counting("u8", [2, 8, 3, 2]);
    const block = { blocksize: int(2) };
    const spread = run("DepthToSpace", 13, [x], block);
    expect(spread.dims).toEqual([2, 2, 6, 4]);
    expect(run("SpaceToDepth", 13, [spread], block)).toEqual(x);
    const want = gathered(x, spread.dims, ([n, c, h, w]) => {
      const [i, j] = [(h as number) % 2, (w as number) % 2];
      return [
        n as number,
        (c as number) * 4 + i * 2 + j,
        ((h as number) - i) / 2,
        ((w as number) - j) / 2,
      ];
    });
    expect(run("DepthToSpace", 13, [x], { ...block, mode: text("CRD") })).toEqual(want);
  });
});

describe("Expand and Tile", () => {
  it("Tile repeats along every axis", () => {
    const shaped = dims(0, 4).chain((d) =>
      fc.tuple(
        fc.constant(d),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: d.length, maxLength: d.length }),
      ),
    );
    fc.assert(
      fc.property(shaped, ([d, repeats]) => {
        const x = counting("u16", d);
        const out = d.map((n, i) => n * at(repeats, i));
        const want = gathered(x, out, (o) => o.map((c, i) => c % at(d, i)));
        expect(run("Tile", 13, [x, list(...repeats)])).toEqual(want);
      }),
    );
  });

  it("Expand broadcasts both ways", () => {
    const x = counting("i32", [2, 1]);
    expect(run("Expand", 13, [x, list(3, 1, 2)])).toEqual(
      tensorFrom("i32", [3, 2, 2], [1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2]),
    );
    expect(run("Expand", 13, [x, list(1)]).dims).toEqual([2, 1]);
  });
});
