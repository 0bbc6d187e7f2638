import { describe, expect, it } from "vitest";
import {
  type AttributeValue,
  findDefinition,
  i64Tensor,
  type Tensor,
} from "../../operators/index.js";
import { int, runNode } from "../support/run-definition.js";
import { counting, tensorFrom } from "../support/tensors.js";

/** OneHot, Compress, NonZero, ReverseSequence, CumProd on values that can be checked by eye. */

function run(
  operator: string,
  version: number,
  inputs: readonly Tensor[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Tensor {
  return runNode({ operator, version, inputs, attributes })[0] as Tensor;
}

const list = (...values: number[]): Tensor => i64Tensor([values.length], values);
const flags = (...values: number[]): Tensor => tensorFrom("bool", [values.length], values);

describe("OneHot", () => {
  const [depth, values] = [i64Tensor([], [3]), tensorFrom("f32", [2], [0, 1])];

  it("hits from either end, and nothing outside", () => {
    expect(run("OneHot", 11, [list(1, -1, 3, -4), depth, values])).toEqual(
      tensorFrom("f32", [4, 3], [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    );
    expect(run("OneHot", 9, [list(-1), depth, values])).toEqual(
      tensorFrom("f32", [1, 3], [0, 0, 0]),
    );
  });

  it("puts the axis anywhere and truncates floats", () => {
    const indices = tensorFrom("f32", [2], [1.9, -0.9]);
    const y = run("OneHot", 11, [indices, tensorFrom("f32", [1], [2.5]), values], { axis: int(0) });
    expect(y).toEqual(tensorFrom("f32", [2, 2], [0, 1, 1, 0]));
  });
});

describe("Compress", () => {
  it("keeps slices, or elements of the flattened input", () => {
    const x = counting("i32", [2, 3]);
    expect(run("Compress", 11, [x, flags(0, 1, 1)], { axis: int(1) })).toEqual(
      tensorFrom("i32", [2, 2], [2, 3, 5, 6]),
    );
    expect(run("Compress", 11, [x, flags(0, 1)], { axis: int(-2) })).toEqual(
      tensorFrom("i32", [1, 3], [4, 5, 6]),
    );
    expect(run("Compress", 11, [x, flags(1, 0, 0, 1, 0)])).toEqual(tensorFrom("i32", [2], [1, 4]));
  });

  it("refuses a condition that is true beyond the axis, or unknown", () => {
    const x = counting("i32", [2]);
    expect(() => run("Compress", 11, [x, flags(0, 0, 1)])).toThrow(/beyond/);
    expect(run("Compress", 11, [x, flags(0, 1, 0)])).toEqual(tensorFrom("i32", [1], [2]));
    expect(() => lowerBlind("Compress", 11, [x, flags(1, 1)])).toThrow(dataDependent);
  });
});

const dataDependent = expect.objectContaining({ code: "graph/data-dependent" });

/** Lowers or folds without knowing any value. */
function lowerBlind(operator: string, version: number, inputs: readonly Tensor[]): unknown {
  const definition = findDefinition("", operator);
  const context = {
    node: operator,
    version,
    attributes: new Map(),
    inputs,
    values: [],
    outputCount: 1,
  };
  return (definition?.fold ?? definition?.lower)?.(context);
}

describe("NonZero", () => {
  it("lists coordinates row-major; −0 is zero, NaN is not", () => {
    const x = tensorFrom("f32", [2, 3], [0, 1, -0, Number.NaN, 0, 2 ** -149]);
    expect(run("NonZero", 13, [x])).toEqual(i64Tensor([2, 3], [0, 1, 1, 1, 0, 2]));
    expect(run("NonZero", 13, [flags(0, 0)])).toEqual(i64Tensor([1, 0], []));
    const negative = tensorFrom("i8", [3], [-128, 0, 1]);
    expect(run("NonZero", 9, [negative])).toEqual(i64Tensor([1, 2], [0, 2]));
  });

  it("has no coordinates for a scalar", () => {
    expect(run("NonZero", 13, [tensorFrom("f64", [], [3])])).toEqual(i64Tensor([0, 1], []));
  });

  it("refuses what is only known at run time", () => {
    expect(() => lowerBlind("NonZero", 13, [counting("f32", [4])])).toThrow(dataDependent);
  });
});

describe("ReverseSequence", () => {
  it("reverses the beginning of every batch", () => {
    const x = counting("i32", [2, 4]);
    const axes = { batch_axis: int(0), time_axis: int(1) };
    expect(run("ReverseSequence", 10, [x, list(3, 1)], axes)).toEqual(
      tensorFrom("i32", [2, 4], [3, 2, 1, 4, 5, 6, 7, 8]),
    );
    expect(run("ReverseSequence", 10, [counting("i32", [3, 2]), list(2, 3)])).toEqual(
      tensorFrom("i32", [3, 2], [3, 6, 1, 4, 5, 2]),
    );
  });

  it("refuses axes that are not the first two", () => {
    const axes = { batch_axis: int(0), time_axis: int(2) };
    expect(() =>
      run("ReverseSequence", 10, [counting("f32", [2, 2, 2]), list(1, 1)], axes),
    ).toThrow(/time axis 2/);
  });
});

describe("CumProd", () => {
  const x = counting("i32", [4]);
  it.each([
    ["as it is", 0, 0, [1, 2, 6, 24]],
    ["exclusive", 1, 0, [1, 1, 2, 6]],
    ["reversed", 0, 1, [24, 24, 12, 4]],
    ["reversed and exclusive", 1, 1, [24, 12, 4, 1]],
  ] as const)("%s", (_, exclusive, reverse, want) => {
    const attributes = { exclusive: int(exclusive), reverse: int(reverse) };
    expect(run("CumProd", 26, [x, i64Tensor([], [0])], attributes)).toEqual(
      tensorFrom("i32", [4], want),
    );
  });
});
