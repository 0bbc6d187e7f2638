import { describe, expect, it } from "vitest";
import { type AttributeValue, i64Tensor, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { int, ints, runNode } from "../support/run-definition.js";
import { counting, tensorFrom } from "../support/tensors.js";

/** Operators that keep the elements and change the dims, and ranges. */

const list = (...values: number[]): Tensor => i64Tensor([values.length], values);

function run(
  operator: string,
  version: number,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Tensor {
  return runNode({ operator, version, inputs, attributes })[0] as Tensor;
}

describe("shapes of copies", () => {
  const x = counting("f32", [2, 3, 4]);

  it.each([
    [list(4, 6), 0, [4, 6]],
    [list(0, -1), 0, [2, 12]],
    [list(-1), 0, [24]],
    [list(2, 0, 2, 2), 0, [2, 3, 2, 2]],
  ])("Reshape case %#", (shape, allowzero, want) => {
    const y = run("Reshape", 25, [x, shape], { allowzero: int(allowzero) });
    expect(y).toEqual({ ...x, dims: want });
  });

  it("Reshape with allowzero makes empty tensors", () => {
    const empty = counting("f32", [0, 3]);
    expect(run("Reshape", 25, [empty, list(3, 0)], { allowzero: int(1) }).dims).toEqual([3, 0]);
    expect(run("Reshape", 25, [empty, list(3, -1)]).dims).toEqual([3, 0]);
  });

  it("Flatten, Squeeze, Unsqueeze in all forms", () => {
    expect(run("Flatten", 25, [x]).dims).toEqual([2, 12]);
    expect(run("Flatten", 25, [x], { axis: int(0) }).dims).toEqual([1, 24]);
    expect(run("Flatten", 25, [x], { axis: int(-1) }).dims).toEqual([6, 4]);
    const y = counting("f32", [1, 3, 1]);
    expect(run("Squeeze", 25, [y]).dims).toEqual([3]);
    expect(run("Squeeze", 25, [y, list(-1)]).dims).toEqual([1, 3]);
    expect(run("Squeeze", 11, [y], { axes: ints(0) }).dims).toEqual([3, 1]);
    expect(run("Unsqueeze", 25, [x, list(-1, 0)]).dims).toEqual([1, 2, 3, 4, 1]);
    expect(run("Unsqueeze", 11, [x], { axes: ints(1) }).dims).toEqual([2, 1, 3, 4]);
  });

  it("Identity and Dropout copy; the mask is ones", () => {
    expect(run("Identity", 25, [x])).toEqual(x);
    const node = { operator: "Dropout", inputs: [x], outputs: 2 };
    const mask = tensorFrom("bool", x.dims, new Array<number>(24).fill(1));
    expect(runNode({ ...node, version: 13 })).toEqual([x, mask]);
    expect(runNode({ ...node, version: 7 })[1]?.dtype).toBe("f32");
  });
});

describe("Range", () => {
  const scalars = (dtype: "f32" | "i64" | "i16", ...values: number[]): Tensor[] =>
    values.map((v) => tensorFrom(dtype, [], [dtype === "i64" ? BigInt(v) : v]));

  it("counts up, down, and not at all", () => {
    expect(valuesOf(run("Range", 11, scalars("i64", 3, 10, 3)))).toEqual([3n, 6n, 9n]);
    expect(valuesOf(run("Range", 11, scalars("i64", 10, 4, -2)))).toEqual([10n, 8n, 6n]);
    expect(valuesOf(run("Range", 11, scalars("i64", 10, 4, 2)))).toEqual([]);
    expect(valuesOf(run("Range", 11, scalars("i16", -3, 0, 2)))).toEqual([-3, -1]);
  });

  it("rounds product and sum of floats", () => {
    const y = run("Range", 11, scalars("f32", 0.1, 1, 0.3));
    const f = Math.fround;
    const want = [0, 1, 2].map((i) => f(f(0.1) + f(i * f(0.3))));
    expect(valuesOf(y)).toEqual(want);
  });
});
