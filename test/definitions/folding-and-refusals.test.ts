import { describe, expect, it } from "vitest";
import {
  AssayError,
  type AttributeValue,
  findDefinition,
  i64Tensor,
  type Tensor,
} from "../../operators/index.js";
import { float, int, ints, runNode, text } from "../support/run-definition.js";
import { counting, tensorFrom } from "../support/tensors.js";

/** Operators that are constants of the bound graph, and what definitions refuse. */

type Attributes = Readonly<Record<string, AttributeValue>>;

function run(
  operator: string,
  version: number,
  inputs: readonly (Tensor | undefined)[],
  attributes: Attributes = {},
  outputs = 1,
): Tensor {
  return runNode({ operator, version, inputs, attributes, outputs })[0] as Tensor;
}

describe("constants of the bound graph", () => {
  const x = counting("u8", [2, 3, 4]);
  const list = (...values: number[]): Tensor => i64Tensor([values.length], values);

  it("Shape takes a clamped part of the dims; Size counts", () => {
    expect(run("Shape", 25, [x])).toEqual(list(2, 3, 4));
    expect(run("Shape", 25, [x], { start: int(-2) })).toEqual(list(3, 4));
    expect(run("Shape", 25, [x], { start: int(1), end: int(-1) })).toEqual(list(3));
    expect(run("Shape", 25, [x], { start: int(9), end: int(-9) })).toEqual(list());
    expect(run("Size", 25, [x])).toEqual(i64Tensor([], [24]));
    expect(run("Size", 25, [counting("u8", [0, 2])])).toEqual(i64Tensor([], [0]));
  });

  it("Constant in every form", () => {
    expect(run("Constant", 25, [], { value: { kind: "tensor", value: x } })).toEqual(x);
    expect(run("Constant", 25, [], { value_float: float(2) })).toEqual(tensorFrom("f32", [], [2]));
    const floats: AttributeValue = { kind: "floats", value: [1, 2] };
    expect(run("Constant", 25, [], { value_floats: floats })).toEqual(
      tensorFrom("f32", [2], [1, 2]),
    );
    expect(run("Constant", 25, [], { value_int: int(-3) })).toEqual(i64Tensor([], [-3]));
    expect(run("Constant", 25, [], { value_ints: ints(1, 2) })).toEqual(list(1, 2));
  });

  it("ConstantOfShape is uniform and not materialised", () => {
    const value: AttributeValue = { kind: "tensor", value: tensorFrom("i32", [1], [7]) };
    expect(run("ConstantOfShape", 9, [list(2, 2)], { value })).toEqual(
      tensorFrom("i32", [2, 2], [7, 7, 7, 7]),
    );
    expect(run("ConstantOfShape", 9, [list()])).toEqual(tensorFrom("f32", [], [0]));
    const shape = list(2 ** 20, 2 ** 20);
    const [huge] =
      findDefinition("", "ConstantOfShape")?.fold?.({
        node: "huge",
        version: 9,
        attributes: new Map(),
        inputs: [shape],
        values: [shape],
        outputCount: 1,
      }) ?? [];
    expect(huge).toEqual({ dtype: "f32", dims: [2 ** 20, 2 ** 20], element: new Uint8Array(4) });
  });
});

describe("refusals", () => {
  const f32 = counting("f32", [2, 3]);
  const i32 = counting("i32", [2, 3]);
  const f64 = counting("f64", [2, 3]);
  const list = (...values: number[]): Tensor => i64Tensor([values.length], values);

  type Refusal = [
    operator: string,
    version: number,
    inputs: readonly (Tensor | undefined)[],
    attributes: Attributes,
    code: string,
  ];
  const refusals: readonly Refusal[] = [
    ["Add", 14, [f32, i32], {}, "operator/invalid"],
    ["Add", 14, [f32, counting("f32", [4])], {}, "operator/invalid"],
    ["Add", 14, [f32], {}, "operator/invalid"],
    ["Exp", 13, [f64], {}, "operator/unsupported"],
    ["Pow", 15, [f64, f64], {}, "operator/unsupported"],
    ["Pow", 7, [f32, i32], {}, "operator/invalid"],
    ["And", 7, [i32, i32], {}, "operator/unsupported"],
    ["Mod", 13, [f32, f32], {}, "operator/invalid"],
    ["Clip", 13, [f32, f32], {}, "operator/invalid"],
    ["Where", 16, [i32, f32, f32], {}, "operator/unsupported"],
    ["Gelu", 20, [f32], { approximate: text("sigmoid") }, "operator/invalid"],
    ["Cast", 13, [f32], {}, "operator/invalid"],
    ["Cast", 13, [f32], { to: int(8) }, "operator/unsupported"],
    ["Concat", 13, [f32, counting("f32", [3, 3])], { axis: int(1) }, "operator/invalid"],
    ["Concat", 13, [f32, i32], { axis: int(1) }, "operator/invalid"],
    ["Concat", 13, [f32], {}, "operator/invalid"],
    ["Concat", 13, [f32], { axis: int(2) }, "operator/invalid"],
    ["Split", 13, [f32, list(1, 1)], { axis: int(1) }, "operator/invalid"],
    ["Slice", 13, [f32, list(0), list(1), list(0), list(0)], {}, "operator/invalid"],
    ["Slice", 13, [f32, list(0, 0), list(1, 1), list(0, -2)], {}, "operator/invalid"],
    ["Pad", 13, [f32, list(1, 1)], {}, "operator/invalid"],
    ["Pad", 13, [f32, list(0, -4, 0, 0)], {}, "operator/invalid"],
    ["Pad", 13, [f32, list(0, 0, 0, 0)], { mode: text("mirror") }, "operator/invalid"],
    ["Transpose", 13, [f32], { perm: ints(0, 0) }, "operator/invalid"],
    ["Reshape", 13, [f32, list(4, -1)], {}, "operator/invalid"],
    ["Reshape", 13, [f32, list(-1, -1)], {}, "operator/invalid"],
    ["Reshape", 13, [counting("f32", [0, 3]), list(0, -1)], {}, "operator/invalid"],
    ["Reshape", 13, [f32, list(2, 2)], {}, "operator/invalid"],
    ["Flatten", 13, [f32], { axis: int(3) }, "operator/invalid"],
    ["Squeeze", 13, [f32, list(0)], {}, "operator/invalid"],
    ["Unsqueeze", 13, [f32, list(0, 0)], {}, "operator/invalid"],
    ["Expand", 13, [f32, list(4, 3)], {}, "operator/invalid"],
    ["Tile", 13, [f32, list(2)], {}, "operator/invalid"],
    ["Gather", 13, [f32, f32], {}, "operator/unsupported"],
    ["Gather", 13, [f32, list(0)], { axis: int(2) }, "operator/invalid"],
    ["Range", 11, [list(0), list(4), list(0)], {}, "operator/invalid"],
    ["ConstantOfShape", 9, [list(-1)], {}, "operator/invalid"],
    ["Constant", 13, [], {}, "operator/invalid"],
    ["Constant", 13, [], { value_int: int(1), value_float: float(1) }, "operator/invalid"],
    ["Constant", 13, [], { value_string: text("a") }, "operator/unsupported"],
    ["Dropout", 13, [f32, undefined, tensorFrom("bool", [], [1])], {}, "operator/unsupported"],
  ];

  it.each(refusals)("%s-%i case %#", (operator, version, inputs, attributes, code) => {
    const failure = failureOf(() => run(operator, version, inputs, attributes));
    expect(failure?.code).toBe(code);
    expect(failure?.message).toContain(`/${operator}: `);
  });

  it("names values that are only known at run time", () => {
    const definition = findDefinition("", "Reshape");
    const lower = () =>
      definition?.lower({
        node: "/reshape",
        version: 13,
        attributes: new Map(),
        inputs: [f32, list(6)],
        values: [],
        outputCount: 1,
      });
    expect(failureOf(lower)?.code).toBe("graph/data-dependent");
  });

  it("training that changes nothing is allowed", () => {
    const [ratio, training] = [tensorFrom("f32", [], [0]), tensorFrom("bool", [], [1])];
    expect(run("Dropout", 13, [f32, ratio, training])).toEqual(f32);
    expect(run("Dropout", 13, [f32, tensorFrom("f16", [], [-0]), training])).toEqual(f32);
  });
});

function failureOf(action: () => unknown): AssayError | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof AssayError) return error;
    throw error;
  }
  return undefined;
}
