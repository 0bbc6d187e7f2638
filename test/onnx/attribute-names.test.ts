import { describe, expect, test } from "vitest";
import { AssayError, DEFINITIONS, f32Tensor, findDefinition } from "../../operators/index.js";
import { CONTROL_FLOW } from "../../src/graph/control/index.js";
import type { NodeAttribute } from "../../src/graph/types.js";
import { hasAttributeNames, knowsAttribute } from "../../src/onnx/attribute-names.js";
import { importOnnx } from "../../src/onnx/import.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { DEFINITION_CASES } from "../definitions/cases/index.js";
import { int, ints, modelOf } from "../support/graphs.js";

/** Attributes that an operator's schema does not have are refused. */

const nameOf = (domain: string, operator: string): string =>
  domain === "" ? operator : `${domain}.${operator}`;

describe("the table", () => {
  test("has every operator that has a definition", () => {
    const names = [
      ...DEFINITIONS.map((d) => nameOf(d.domain, d.name)),
      ...CONTROL_FLOW.map((d) => d.name),
    ];
    expect(names.filter((name) => !hasAttributeNames(name))).toEqual([]);
  });

  test("has every attribute that a definition's cases give", () => {
    const unknown = DEFINITION_CASES.flatMap(({ domain, operator, version, attributes }) =>
      Object.keys(attributes)
        .filter((name) => !knowsAttribute(nameOf(domain, operator), version, name))
        .map((name) => `${operator}-${version}: ${name}`),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });

  test("an attribute that became an input ends there", () => {
    expect(knowsAttribute("ReduceSum", 11, "axes")).toBe(true);
    expect(knowsAttribute("ReduceSum", 13, "axes")).toBe(false);
    expect(knowsAttribute("Add", 6, "axis")).toBe(true);
    expect(knowsAttribute("Add", 7, "axis")).toBe(false);
    expect(knowsAttribute("LayerNormalization", 1, "anything")).toBe(true);
    expect(knowsAttribute("LayerNormalization", 17, "anything")).toBe(false);
    expect(knowsAttribute("no such operator", 1, "anything")).toBe(true);
  });
});

/** What importing a model of one node says. */
function refusal(op: string, opset: number, attributes: Record<string, NodeAttribute>) {
  const model = modelOf(
    {
      inputs: [{ name: "x", dims: [2, 3] }],
      outputs: ["y"],
      nodes: [{ op, inputs: ["x"], outputs: ["y"], attributes, name: "/node" }],
    },
    opset,
  );
  const file = writeOnnx(model, { opsets: new Map([["", opset]]), producer: "test" });
  try {
    importOnnx(file);
    return undefined;
  } catch (error) {
    return error instanceof AssayError ? error.message : error;
  }
}

test("an unknown attribute is reported with the node, beside everything else", () => {
  expect(refusal("Softmax", 13, { axis: int(1) })).toBeUndefined();
  expect(refusal("Softmax", 13, { axes: int(1) })).toMatch(
    /\/node \(Softmax\): there is no attribute axes/,
  );
  expect(refusal("ReduceSum", 11, { axes: ints(1) })).toBeUndefined();
  expect(refusal("ReduceSum", 13, { axes: ints(1) })).toMatch(/\(ReduceSum\).*attribute axes/);
  const two = refusal("Relu", 14, { alpha: int(1), slope: int(2) });
  expect(two).toMatch(/2 things[\s\S]*attribute alpha[\s\S]*attribute slope/);
});

test("a definition of a caller's own may have any attribute", () => {
  const relu = findDefinition("", "Relu");
  const model = modelOf({
    inputs: [{ name: "x", dims: [2] }],
    outputs: ["y"],
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
    weights: { unused: f32Tensor([1], [1]) },
  });
  const node = { ...model.graph.nodes[0], operator: "Mine", attributes: new Map([["a", int(1)]]) };
  const own = { ...model, graph: { ...model.graph, nodes: [node] } } as typeof model;
  const file = writeOnnx(own, { opsets: new Map([["", 20]]), producer: "test" });
  const definitions = () => relu;
  expect(importOnnx(file, { definitions }).graph.nodes[0]?.operator).toBe("Mine");
});
