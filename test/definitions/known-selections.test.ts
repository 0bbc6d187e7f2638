import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AttributeValue,
  f32Tensor,
  findDefinition,
  i64Tensor,
  type Tensor,
} from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { int, runNode } from "../support/run-definition.js";
import { bitsOf, counting, tensorFrom } from "../support/tensors.js";

/** Unique and NonMaxSuppression, which run where their inputs are known at binding. */

type Attributes = Readonly<Record<string, AttributeValue>>;
const list = (...values: number[]): Tensor => i64Tensor([values.length], values);

describe("Unique", () => {
  const unique = (x: Tensor, attributes: Attributes = {}): Tensor[] =>
    runNode({ operator: "Unique", version: 11, inputs: [x], attributes, outputs: 4 });

  it("of elements, sorted or by first appearance", () => {
    const x = tensorFrom("f32", [2, 3], [2, 1, Number.NaN, -0, 2, 0]);
    expect(unique(x)).toEqual([
      tensorFrom("f32", [4], [-0, 1, 2, Number.NaN]),
      list(3, 1, 0, 2),
      list(2, 1, 3, 0, 2, 0),
      list(2, 1, 2, 1),
    ]);
    expect(unique(x, { sorted: int(0) })).toEqual([
      tensorFrom("f32", [4], [2, 1, Number.NaN, -0]),
      list(0, 1, 2, 3),
      list(0, 1, 2, 3, 0, 3),
      list(2, 1, 1, 2),
    ]);
  });

  it("of slices along an axis, compared position by position", () => {
    const x = tensorFrom("i32", [3, 2], [2, 0, 1, 9, 2, 0]);
    expect(unique(x, { axis: int(0) })).toEqual([
      tensorFrom("i32", [2, 2], [1, 9, 2, 0]),
      list(1, 0),
      list(1, 0, 1),
      list(1, 2),
    ]);
    const columns = tensorFrom("u8", [2, 4], [1, 0, 1, 0, 2, 3, 2, 2]);
    expect(unique(columns, { axis: int(-1) })[0]).toEqual(
      tensorFrom("u8", [2, 3], [0, 0, 1, 2, 3, 2]),
    );
  });

  it("gives the input back: every element is the distinct one that its inverse names", () => {
    const value = fc.constantFrom(0, -0, 1, 2, -1, Number.NaN, Number.POSITIVE_INFINITY);
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), fc.boolean(), (values, sorted) => {
        const x = f32Tensor([values.length], values);
        const [y, first, inverse, counts] = unique(x, { sorted: int(sorted ? 1 : 0) });
        const distinct = valuesOf(y as Tensor).map(Number);
        const names = valuesOf(inverse as Tensor).map(Number);
        const same = (a: number, b: number) => a === b || (Number.isNaN(a) && Number.isNaN(b));
        expect(values.every((v, i) => same(v, distinct[names[i] as number] as number))).toBe(true);
        expect(distinct.length).toBe(new Set(values).size);
        const firsts = valuesOf(first as Tensor).map(Number);
        expect(firsts).toEqual(distinct.map((_, i) => names.indexOf(i)));
        expect(bitsOf(y as Tensor)).toEqual(firsts.map((i) => bitsOf(x)[i]));
        const total = valuesOf(counts as Tensor).reduce<number>((sum, c) => sum + Number(c), 0);
        expect(total).toBe(values.length);
        const ordered = sorted ? distinct : firsts;
        expect(ordered).toEqual([...ordered].sort((a, b) => (Number.isNaN(a) ? 1 : a - b)));
      }),
    );
  });

  it("refuses slices without elements, however many", () => {
    const none = { dtype: "f32" as const, dims: [0, 2 ** 40], bytes: new Uint8Array(0) };
    expect(() => unique(none, { axis: int(1) })).toThrow(/without elements/);
  });
});

describe("NonMaxSuppression", () => {
  /** Four squares of side 2: the second overlaps the first by a third, the third is the first. */
  const corners = [0, 0, 2, 2, 1, 0, 3, 2, 2, 2, 0, 0, 10, 10, 12, 12];
  const boxes = f32Tensor([1, 4, 4], corners);
  const scores = f32Tensor([1, 2, 4], [0.5, 0.9, 0.5, 0.1, 0.2, 0.1, 0.3, 0.3]);

  function suppress(limit: number, overlap: number, least?: number, attributes: Attributes = {}) {
    const given = attributes.center_point_box ? centred : boxes;
    const inputs = [given, scores, list(limit), f32Tensor([1], [overlap])];
    if (least !== undefined) inputs.push(f32Tensor([1], [least]));
    const [y] = runNode({ operator: "NonMaxSuppression", version: 11, inputs, attributes });
    return y;
  }
  const centred = f32Tensor([1, 4, 4], [1, 1, 2, 2, 2, 1, 2, 2, 1, 1, 2, 2, 11, 11, 2, 2]);
  const triples = (...rows: number[][]): Tensor => i64Tensor([rows.length, 3], rows.flat());

  it("takes by descending score what does not overlap what was taken", () => {
    const strict = triples([0, 0, 1], [0, 0, 3], [0, 1, 2], [0, 1, 3]);
    expect(suppress(9, 0.3)).toEqual(strict);
    const loose = triples([0, 0, 1], [0, 0, 0], [0, 0, 3], [0, 1, 2], [0, 1, 3], [0, 1, 1]);
    expect(suppress(9, 0.5)).toEqual(loose);
    expect(suppress(9, 0.3, undefined, { center_point_box: int(1) })).toEqual(strict);
  });

  it("keeps the limit per class and drops scores that are not above the least", () => {
    expect(suppress(1, 0.5)).toEqual(triples([0, 0, 1], [0, 1, 2]));
    expect(suppress(9, 0.5, 0.3)).toEqual(triples([0, 0, 1], [0, 0, 0]));
    expect(suppress(0, 0.5)).toEqual(i64Tensor([0, 3], []));
  });

  it("ends at once without boxes, and refuses what is only known at run time", () => {
    const types = [
      { dtype: "f32" as const, dims: [2 ** 30, 0, 4] },
      { dtype: "f32" as const, dims: [2 ** 30, 2 ** 10, 0] },
    ];
    const context = { node: "nms", version: 11, attributes: new Map(), inputs: types };
    const fold = (values: Tensor[]) =>
      findDefinition("", "NonMaxSuppression")?.fold?.({ ...context, values, outputCount: 1 });
    const empty = types.map((t) => ({ ...t, bytes: new Uint8Array(0) }));
    expect(fold(empty)).toEqual([i64Tensor([0, 3], [])]);
    expect(() => fold([])).toThrow(expect.objectContaining({ code: "graph/data-dependent" }));
  });

  it("refuses boxes that the scores do not fit", () => {
    const inputs = [counting("f32", [1, 3, 4]), scores];
    const run = () => runNode({ operator: "NonMaxSuppression", version: 11, inputs });
    expect(run).toThrow(/boxes \[1,3,4\]/);
  });
});
