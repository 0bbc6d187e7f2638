import { describe, expect, test } from "vitest";
import { f32Values, i64Tensor } from "../../operators/index.js";
import { importOnnx } from "../../src/onnx/import.js";
import { AttributeProto_AttributeType as Type } from "../../src/onnx/proto/onnx_pb.js";
import {
  type AttributeInit,
  anyOperator,
  definition,
  errorOf,
  type GraphInit,
  type ModelInit,
  modelBytes,
  node,
  tinyGraph,
  value,
} from "./proto.js";

const load = (graph: GraphInit, model?: ModelInit) =>
  importOnnx(modelBytes(graph, model), { definitions: anyOperator });

const failure = (graph: GraphInit, model?: ModelInit) => {
  const { code, message } = errorOf(() => load(graph, model));
  return `${code} ${message}`;
};

describe("values and wiring", () => {
  test("an input that is also an initializer is a weight", () => {
    const { graph, weights } = load({
      ...tinyGraph(),
      node: [node("Add", ["x", "w"], ["y"])],
      input: [value("x"), value("w")],
      initializer: [{ name: "w", dataType: 1, dims: [2n], floatData: [1, 2] }],
    });
    expect(graph.inputs.map((v) => v.name)).toEqual(["x"]);
    expect([...weights.keys()]).toEqual(["w"]);
    expect([...f32Values(weights.get("w") as never)]).toEqual([1, 2]);
  });

  test("declared dims keep numbers and symbols; the rest is unknown", () => {
    const dims = [
      { value: { case: "dimValue" as const, value: 3n } },
      { value: { case: "dimParam" as const, value: "batch" } },
      { value: { case: "dimParam" as const, value: "" } },
      { value: { case: "dimValue" as const, value: -1n } },
      {},
    ];
    const type = (shape?: { dim: typeof dims }) => ({
      value: { case: "tensorType" as const, value: { elemType: 7, ...(shape ? { shape } : {}) } },
    });
    const { graph } = load({
      ...tinyGraph(),
      input: [{ name: "x", type: type({ dim: dims as never }) }],
      output: [{ name: "y", type: type() }],
    });
    expect(graph.inputs).toEqual([
      { name: "x", dtype: "i64", dims: [3, "batch", null, null, null] },
    ]);
    expect(graph.outputs).toEqual([{ name: "y", dtype: "i64", dims: null }]);
  });

  test("nodes out of order are put behind what they need, the rest stays in place", () => {
    const { graph } = load({
      ...tinyGraph(),
      node: [
        node("A", ["x"], ["a"]),
        node("C", ["b"], ["y"]),
        node("B", ["a"], ["b"]),
        node("D", ["x"], ["d"]),
      ],
    });
    expect(graph.nodes.map((n) => n.name)).toEqual(["A_0", "B_2", "C_1", "D_3"]);
  });

  test.each<[string, GraphInit, string]>([
    ["a cycle", { node: [node("A", ["b"], ["a"]), node("B", ["a"], ["b", "y"])] }, "own output"],
    ["a node that feeds itself", { node: [node("A", ["y"], ["y"])] }, "own output"],
    ["a missing input", { node: [node("A", ["q"], ["y"])] }, 'nothing produces its input "q"'],
    ["a missing output", { node: [node("A", ["x"], ["q"])] }, 'nothing produces "y"'],
    ["two producers", { node: [node("A", ["x"], ["y"]), node("B", ["x"], ["y"])] }, "twice"],
    ["one node, one name twice", { node: [node("A", ["x"], ["y", "y"])] }, "twice"],
    ["a node over an input", { node: [node("A", ["x"], ["x"])] }, "defined twice"],
    ["two inputs of a name", { input: [value("x"), value("x")] }, "defined twice"],
    ["an input without a name", { input: [value("x"), value("")] }, "has no name"],
    ["no outputs", { output: [] }, "has no outputs"],
    ["an output twice", { output: [value("y"), value("y")] }, "listed twice"],
    ["an input without a type", { input: [{ name: "x" }] }, "has no type"],
    ["a node without an operator", { node: [node("", ["x"], ["y"])] }, "has no operator"],
    [
      "two initializers of a name",
      { initializer: ["w", "w"].map((name) => ({ name, dataType: 1, dims: [0n] })) },
      "defined twice",
    ],
  ])("%s is malformed", (_, change, message) => {
    const text = failure({ ...tinyGraph(), ...change });
    expect(text).toMatch(/^onnx\/malformed /);
    expect(text).toContain(message);
  });

  test("a chain of thirty thousand nodes in reverse order", () => {
    const count = 30_000;
    const nodes = Array.from({ length: count }, (_, i) =>
      node("A", [i === 0 ? "x" : `v${i}`], [i === count - 1 ? "y" : `v${i + 1}`], `n${i}`),
    ).reverse();
    const { graph } = load({ ...tinyGraph(), node: nodes });
    expect(graph.nodes[0]?.name).toBe("n0");
    expect(graph.nodes.at(-1)?.name).toBe(`n${count - 1}`);
  });
});

describe("names of nodes", () => {
  test("kept, made from operator and position, and made unique", () => {
    const names = ["", "a", "a", "a#2", "Relu_5", "", "a"];
    const nodes = names.map((name, i) => node("Relu", ["x"], [i === 0 ? "y" : `v${i}`], name));
    const { graph } = load({ ...tinyGraph(), node: nodes });
    expect(graph.nodes.map((n) => n.name)).toEqual([
      "Relu_0",
      "a",
      "a#3",
      "a#2",
      "Relu_5",
      "Relu_5#2",
      "a#4",
    ]);
  });

  test("thirty thousand equal names take linear time", () => {
    const nodes = Array.from({ length: 30_000 }, (_, i) =>
      node("A", ["x"], [i === 0 ? "y" : `v${i}`], "same"),
    );
    const { graph } = load({ ...tinyGraph(), node: nodes });
    expect(new Set(graph.nodes.map((n) => n.name)).size).toBe(30_000);
  });
});

describe("opsets", () => {
  const relu = { definitions: () => definition("", "Relu", [6, 13, 14]) };
  const versionAt = (opset: number) =>
    importOnnx(
      modelBytes(tinyGraph(), { opsetImport: [{ domain: "ai.onnx", version: BigInt(opset) }] }),
      relu,
    ).graph.nodes[0]?.version;

  test("a node takes the largest version up to the opset", () => {
    expect([6, 7, 12, 13, 14, 28].map(versionAt)).toEqual([6, 6, 6, 13, 14, 14]);
  });

  test("too old and too new are unsupported", () => {
    expect(errorOf(() => versionAt(5)).message).toContain("older than the first supported version");
    expect(errorOf(() => versionAt(29)).message).toContain("opset 29 is newer than 28");
    expect(failure(tinyGraph(), { irVersion: 99n })).toContain("file format version 99");
  });

  test("a file before format version 3 means the first opset", () => {
    const { graph } = load(tinyGraph(), { irVersion: 2n, opsetImport: [] });
    expect(graph.nodes[0]?.version).toBe(1);
  });

  test.each<[string, ModelInit, string]>([
    ["no format version", { irVersion: 0n }, "ir_version"],
    ["no import", { opsetImport: [] }, "opset_import"],
    ["another domain only", { opsetImport: [{ domain: "x", version: 1n }] }, "opset_import"],
    ["version 0", { opsetImport: [{ domain: "", version: 0n }] }, "not an opset version"],
    [
      "a domain twice, once by its other name",
      { opsetImport: ["", "ai.onnx"].map((domain) => ({ domain, version: 17n })) },
      "imported twice",
    ],
  ])("%s is malformed", (_, model, message) => {
    const text = failure(tinyGraph(), model);
    expect(text).toMatch(/^onnx\/malformed /);
    expect(text).toContain(message);
  });

  test("other domains keep their name", () => {
    const graph = {
      ...tinyGraph(),
      node: [{ ...node("Gelu", ["x"], ["y"]), domain: "com.microsoft" }],
    };
    const opsetImport = [{ domain: "com.microsoft", version: 1n }];
    expect(load(graph, { opsetImport }).graph.nodes[0]).toMatchObject({
      name: "Gelu_0",
      domain: "com.microsoft",
      operator: "Gelu",
      version: 1,
    });
  });
});

describe("attributes", () => {
  const attributes = (attribute: AttributeInit[]) =>
    load({ ...tinyGraph(), node: [{ ...node("A", ["x"], ["y"]), attribute }] }).graph.nodes[0]
      ?.attributes;

  test("every kind", () => {
    const bytes = new TextEncoder().encode("Grüße");
    const t = { dataType: 7, dims: [2n], int64Data: [-1n, 5n] };
    const read = attributes([
      { name: "f", type: Type.FLOAT, f: 0.5 },
      { name: "i", type: Type.INT, i: 2n ** 63n - 1n },
      { name: "s", type: Type.STRING, s: bytes },
      { name: "t", type: Type.TENSOR, t },
      { name: "fs", type: Type.FLOATS, floats: [1, Number.POSITIVE_INFINITY] },
      { name: "is", type: Type.INTS, ints: [-(2n ** 63n), 0n] },
      { name: "ss", type: Type.STRINGS, strings: [bytes, new Uint8Array(0)] },
      { name: "none", type: Type.INTS },
    ]);
    expect(Object.fromEntries(read ?? [])).toEqual({
      f: { kind: "float", value: 0.5 },
      i: { kind: "int", value: 2n ** 63n - 1n },
      s: { kind: "string", value: "Grüße" },
      t: { kind: "tensor", value: i64Tensor([2], [-1, 5]) },
      fs: { kind: "floats", value: [1, Number.POSITIVE_INFINITY] },
      is: { kind: "ints", value: [-(2n ** 63n), 0n] },
      ss: { kind: "strings", value: ["Grüße", ""] },
      none: { kind: "ints", value: [] },
    });
  });

  test("a field left out because it is zero, and an old file without types", () => {
    const read = attributes([
      { name: "i", type: Type.INT },
      { name: "old", f: 2 },
    ]);
    expect(read?.get("i")).toEqual({ kind: "int", value: 0n });
    expect(read?.get("old")).toEqual({ kind: "float", value: 2 });
  });

  test("bytes that are not text stay opaque", () => {
    const read = attributes([{ name: "s", type: Type.STRING, s: Uint8Array.of(0xff) }]);
    expect(read?.get("s")).toMatchObject({ kind: "opaque", what: "bytes that are not UTF-8" });
  });

  test.each<[string, AttributeInit[], string]>([
    ["no name", [{ type: Type.INT, i: 1n }], "has no name"],
    ["one name twice", ["a", "a"].map((name) => ({ name, type: Type.INT })), "given twice"],
    ["another field than declared", [{ name: "a", type: Type.INT, f: 1 }], "holds a float"],
    ["an unknown type", [{ name: "a", type: 77 as Type }], "type 77"],
    ["no type and nothing in it", [{ name: "a" }], "no clear type"],
    ["no tensor", [{ name: "a", type: Type.TENSOR }], "has no tensor"],
    ["a reference", [{ name: "a", type: Type.INT, refAttrName: "b" }], "function's attribute"],
  ])("%s is malformed", (_, attribute, message) => {
    const error = errorOf(() => attributes(attribute));
    expect(error.code).toBe("onnx/malformed");
    expect(error.message).toContain(message);
  });
});
