import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { importOnnx } from "../../src/onnx/import.js";
import {
  GraphProtoSchema,
  AttributeProto_AttributeType as Type,
} from "../../src/onnx/proto/onnx_pb.js";
import {
  type AttributeInit,
  anyOperator,
  definition,
  errorOf,
  modelBytes,
  type NodeInit,
  node,
  tinyGraph,
  value,
} from "./proto.js";

const graphBytes = (...nodes: NodeInit[]) =>
  toBinary(GraphProtoSchema, create(GraphProtoSchema, { node: nodes }));

test("one error lists everything, subgraphs included", () => {
  const bytes = modelBytes(
    {
      ...tinyGraph(),
      node: [
        node("Relu", ["x"], ["a"]),
        node("Mystery", ["a"], ["b"], "layer/1"),
        node("Late", ["b"], ["c"]),
        {
          ...node("If", ["c"], ["d"], "choice"),
          attribute: [
            { name: "then_branch", type: Type.GRAPH, g: graphBytes(node("Inner", [], ["i"])) },
          ],
        },
        { ...node("Constant", [], ["e"]), attribute: [constant(8)] },
        node("Mine", ["e"], ["y"], "call"),
        node("Relu", ["x"], [""], "idle"),
        { ...node("Relu", ["x"], ["odd"], "odd"), attribute: [{ name: "body", g: graphBytes() }] },
      ],
      input: [value("x"), value("words", [1], 8)],
      initializer: [{ name: "w", dataType: 22, dims: [1n], int32Data: [0] }],
      sparseInitializer: [{ values: { name: "s" } }],
    },
    { functions: [{ name: "Mine", domain: "" }] },
  );
  const known = new Map([
    ["Relu", [6]],
    ["Late", [99]],
    ["If", [1]],
    ["Constant", [1]],
  ]);
  const definitions = (domain: string, name: string) => {
    const versions = known.get(name);
    return versions && definition(domain, name, versions);
  };
  const error = errorOf(() => importOnnx(bytes, { definitions }));
  expect(error.code).toBe("onnx/unsupported");
  expect(error.facts.items).toEqual([
    { node: "w", operator: "", reason: "data type int4 is not supported" },
    { node: "s", operator: "", reason: "sparse tensors are not supported" },
    { node: "words", operator: "", reason: "input: data type string is not supported" },
    { node: "layer/1", operator: "Mystery", reason: "the operator is not supported" },
    {
      node: "Late_2",
      operator: "Late",
      reason: "opset 17 is older than the first supported version, 99",
    },
    {
      node: "choice/then_branch/Inner_0",
      operator: "Inner",
      reason: "the operator is not supported",
    },
    {
      node: "Constant_4",
      operator: "Constant",
      reason: "attribute value: data type string is not supported",
    },
    {
      node: "call",
      operator: "Mine",
      reason: "functions defined in the model are not supported",
    },
    { node: "odd", operator: "Relu", reason: "attribute body: a subgraph is not supported" },
  ]);
  expect(error.message).toMatch(/^9 things in this model cannot be run:\n {2}w: data type int4/);
  expect(error.message).toContain("  layer/1 (Mystery): the operator is not supported\n");
});

function constant(dataType: number): AttributeInit {
  return { name: "value", type: Type.TENSOR, t: { dataType, stringData: [] } };
}

test("the message lists twenty", () => {
  const nodes = Array.from({ length: 25 }, (_, i) => node("Odd", ["x"], [i === 0 ? "y" : `v${i}`]));
  const bytes = modelBytes({ ...tinyGraph(), node: nodes });
  const error = errorOf(() => importOnnx(bytes, { definitions: () => undefined }));
  expect(error.message.split("\n")).toHaveLength(22);
  expect(error.message).toMatch(/\n {2}and 5 more$/);
  expect(error.facts.items).toHaveLength(25);
});

test("types that are not tensors", () => {
  const sequence = { value: { case: "sequenceType" as const, value: new Uint8Array(0) } };
  const bytes = modelBytes({ ...tinyGraph(), input: [{ name: "x", type: sequence }] });
  const error = errorOf(() => importOnnx(bytes, { definitions: anyOperator }));
  expect(error.message).toContain("x: input: a sequence is not a tensor");
});
