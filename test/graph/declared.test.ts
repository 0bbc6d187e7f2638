import { describe, expect, test } from "vitest";
import { bind } from "../../src/graph/bind.js";
import { describeWrongDims, wrongDims } from "../../src/graph/declared.js";
import type { Model } from "../../src/graph/types.js";
import { modelOf } from "../support/graphs.js";

/** What a graph declares of its outputs against what is computed. */

function declaring(dims: readonly (number | string | null)[] | null): Model {
  const model = modelOf({
    inputs: [{ name: "x", dims: ["n", 3] }],
    outputs: ["y"],
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
  });
  const outputs = model.graph.outputs.map((v) => ({ ...v, dims }));
  return { ...model, graph: { ...model.graph, outputs } };
}

const types = new Map([["x", { dtype: "f32", dims: [2, 3] } as const]]);

describe("declared outputs", () => {
  test("a dtype that is not computed is refused", () => {
    const model = modelOf({
      inputs: [{ name: "x", dims: [2] }],
      outputs: [{ name: "y", dtype: "i64" }],
      nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
    });
    const bound = () => bind(model, { types: new Map([["x", { dtype: "f32", dims: [2] }]]) });
    expect(bound).toThrow(/output "y" is declared i64, it is f32/);
  });

  test.each([[null], [[2, 3]], [["n", 3]], [["other", null]]])("%j fits [2,3]", (dims) => {
    const model = declaring(dims);
    expect(wrongDims(model.graph, bind(model, { types }))).toEqual([]);
  });

  test.each([
    [[3, 3], "[3,3]"],
    [[null, 4], "[?,4]"],
    [[6], "[6]"],
    [[], "[]"],
  ])("%j is told and does not matter", (dims, text) => {
    const model = declaring(dims);
    const plan = bind(model, { types });
    expect(plan).toEqual(bind(declaring(null), { types }));
    expect(wrongDims(model.graph, plan).map(describeWrongDims)).toEqual([
      `output "y" is declared ${text}, it is [2,3]`,
    ]);
  });
});
