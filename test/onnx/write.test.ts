import fc from "fast-check";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-web";
import { describe, expect, test } from "vitest";
import {
  type AttributeValue,
  byteLength,
  canonicalNaNs,
  DTYPES,
  type DType,
  f32Tensor,
  type Tensor,
} from "../../operators/index.js";
import type { GraphNode, Model, Subgraph, ValueInfo } from "../../src/graph/types.js";
import { importOnnx } from "../../src/onnx/import.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { anyOperator } from "./proto.js";

const options = { opsets: new Map([["", 17]]), producer: "test" };

const float = fc.float().map((x) => (Object.is(x, -0) ? 0 : x));
const dims = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });

const tensor: fc.Arbitrary<Tensor> = fc
  .tuple(fc.constantFrom(...(Object.keys(DTYPES) as DType[])), dims)
  .chain(([dtype, shape]) => {
    const length = byteLength({ dtype, dims: shape });
    const byte = fc.integer({ min: 0, max: dtype === "bool" ? 1 : 255 });
    return fc.array(byte, { minLength: length, maxLength: length }).map((b) => {
      return canonicalNaNs({ dtype, dims: shape, bytes: Uint8Array.from(b) });
    });
  });

const attribute: fc.Arbitrary<AttributeValue> = fc.oneof(
  float.map((value) => ({ kind: "float" as const, value })),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((value) => ({ kind: "int" as const, value })),
  fc.string({ unit: "grapheme" }).map((value) => ({ kind: "string" as const, value })),
  tensor.map((value) => ({ kind: "tensor" as const, value })),
  fc.array(float).map((value) => ({ kind: "floats" as const, value })),
  fc
    .array(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))
    .map((value) => ({ kind: "ints" as const, value })),
  fc.array(fc.string()).map((value) => ({ kind: "strings" as const, value })),
);

const dimension = fc.oneof(
  fc.integer({ min: 0, max: 1000 }),
  fc.string({ minLength: 1 }),
  fc.constant(null),
);

const info = (name: string): fc.Arbitrary<ValueInfo> =>
  fc.record({
    name: fc.constant(name),
    dtype: fc.constantFrom<DType>("f32", "i64", "bool", "bf16"),
    dims: fc.oneof(fc.array(dimension, { maxLength: 4 }), fc.constant(null)),
  });

/** A branch with a weight of its own, and one that is nested. */
const choice: GraphNode = (() => {
  const untyped = { inputs: [], initializers: [], nodes: [] };
  const then: Subgraph = {
    ...untyped,
    name: "then",
    outputs: [{ name: "w", type: { dtype: "f32", dims: [null, "n", 2] } }],
    initializers: [{ name: "w", weight: "choice/then_branch/w" }],
  };
  const read = { ...untyped, name: "read", outputs: [{ name: "v0", type: null }] };
  const nested = (name: string, graph: Subgraph): GraphNode => ({
    name,
    domain: "",
    operator: "If",
    version: 16,
    attributes: new Map([
      ["then_branch", { kind: "graph", value: graph }],
      ["else_branch", { kind: "graph", value: read }],
    ]),
    inputs: ["v0"],
    outputs: ["chosen"],
  });
  const outer = {
    ...read,
    name: "outer",
    nodes: [nested("again", read)],
    outputs: [{ name: "chosen", type: null }],
  };
  const node = nested("choice", then);
  return {
    ...node,
    attributes: new Map(node.attributes).set("else_branch", { kind: "graph", value: outer }),
  };
})();

/** A chain of nodes, each reading the value before it, a weight and a left-out input. */
const model: fc.Arbitrary<Model> = fc
  .record({
    name: fc.string(),
    input: info("v0"),
    attributes: fc.array(fc.dictionary(fc.string({ minLength: 1 }), attribute, { maxKeys: 4 }), {
      minLength: 1,
      maxLength: 4,
    }),
    weights: fc.array(tensor, { maxLength: 3 }),
    inner: fc.option(tensor, { nil: undefined }),
  })
  .chain(({ name, input, attributes, weights, inner }) => {
    const nodes = attributes.map((a, i): GraphNode => {
      const weight = weights.length > 0 ? `w${i % weights.length}` : "";
      return {
        name: `node ${i}`,
        domain: "",
        operator: "Any",
        version: 1,
        attributes: new Map(Object.entries(a)),
        inputs: [`v${i}`, "", weight],
        outputs: [`v${i + 1}`, ""],
      };
    });
    const all = new Map(weights.map((t, i) => [`w${i}`, t]));
    if (inner) {
      nodes.push(choice);
      all.set("choice/then_branch/w", inner);
    }
    return info(inner ? "chosen" : `v${nodes.length}`).map((output) => ({
      graph: { name, inputs: [input], outputs: [output], nodes },
      weights: all,
    }));
  });

describe("writeOnnx", () => {
  test("what is written comes back", () => {
    fc.assert(
      fc.property(model, (m) => {
        const bytes = writeOnnx(m, options);
        expect(importOnnx(bytes, { definitions: anyOperator })).toEqual(m);
        expect(writeOnnx(m, options)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  test("the bytes of a small model", () => {
    const node: GraphNode = {
      name: "act",
      domain: "",
      operator: "Relu",
      version: 14,
      attributes: new Map(),
      inputs: ["x"],
      outputs: ["y"],
    };
    const io = (name: string): ValueInfo => ({ name, dtype: "f32", dims: [1, "n"] });
    const small: Model = {
      graph: { name: "g", inputs: [io("x")], outputs: [io("y")], nodes: [node] },
      weights: new Map([["w", f32Tensor([1], [1])]]),
    };
    // By hand: fields in ascending order, lengths in bytes, and nothing else.
    const text = (t: string) => Buffer.from(t).toString("hex");
    const type = `0a0d 0801 1209 0a020801 0a0312016e`;
    expect(Buffer.from(writeOnnx(small, options)).toString("hex")).toBe(
      [
        "0808",
        `1204 ${text("test")}`,
        "3a52",
        `0a11 0a01${text("x")} 1201${text("y")} 1a03${text("act")} 2204${text("Relu")}`,
        `1201${text("g")}`,
        `2a0e 0a0101 1001 4201${text("w")} 4a04 0000803f`,
        `5a14 0a01${text("x")} 120f ${type}`,
        `6214 0a01${text("y")} 120f ${type}`,
        "4202 1011",
      ]
        .join("")
        .replaceAll(" ", ""),
    );
  });

  test("another runtime reads it", async () => {
    const io = (name: string): ValueInfo => ({ name, dtype: "f32", dims: [1, "n"] });
    const sum: GraphNode = {
      name: "sum",
      domain: "",
      operator: "ReduceSum",
      version: 13,
      attributes: new Map([["keepdims", { kind: "int", value: 0n }]]),
      inputs: ["both"],
      outputs: ["y"],
    };
    const join: GraphNode = {
      name: "join",
      domain: "",
      operator: "Concat",
      version: 13,
      attributes: new Map([["axis", { kind: "int", value: 1n }]]),
      inputs: ["x", "w"],
      outputs: ["both"],
    };
    const bytes = writeOnnx(
      {
        graph: {
          name: "g",
          inputs: [io("x")],
          outputs: [{ name: "y", dtype: "f32", dims: [] }],
          nodes: [join, sum],
        },
        weights: new Map([["w", f32Tensor([1, 2], [5, 6])]]),
      },
      options,
    );
    const session = await InferenceSession.create(bytes);
    const { y } = await session.run({ x: new OrtTensor("float32", [1, 2, 3], [1, 3]) });
    expect(y?.dims).toEqual([]);
    expect(y?.data).toEqual(Float32Array.of(17));
  });
});
