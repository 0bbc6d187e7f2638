import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AttributeValue, ByteWriter, i64Tensor, type Tensor } from "../../operators/index.js";
import { graphBytes, modelDigest } from "../../src/graph/digests.js";
import type {
  Graph,
  GraphNode,
  Model,
  NodeAttribute,
  NodeAttributes,
} from "../../src/graph/types.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { int, modelOf, type NodeSpec } from "../support/graphs.js";

/** Names whose encodings would run together if lengths were missing. */
const name = fc.constantFrom("", "a", "aa", "\0", "a\0", "\0a", "é", "e\u0301", "\ufffd");
const names = fc.array(name, { maxLength: 3 });
const dim = fc.constantFrom(null, 0, 1, 7, "a", "");

const tensor = fc.constantFrom<Tensor>(
  i64Tensor([1], [1]),
  i64Tensor([], [1]),
  i64Tensor([0], []),
  { dtype: "u8", dims: [8], bytes: new Uint8Array(8) },
);
const bytes = fc.uint8Array({ maxLength: 2 });
const attribute: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.bigInt(-2n, 2n).map((value) => ({ kind: "int" as const, value })),
  fc.constantFrom(0, -0, 1, Number.NaN).map((value) => ({ kind: "float" as const, value })),
  name.map((value) => ({ kind: "string" as const, value })),
  tensor.map((value) => ({ kind: "tensor" as const, value })),
  fc.array(fc.bigInt(-1n, 1n), { maxLength: 2 }).map((value) => ({ kind: "ints" as const, value })),
  fc
    .array(fc.constantFrom(0, -0), { maxLength: 2 })
    .map((value) => ({ kind: "floats" as const, value })),
  names.map((value) => ({ kind: "strings" as const, value })),
  fc.record({ what: name, bytes }).map((o) => ({ kind: "opaque" as const, ...o })),
);
const attributes = fc
  .dictionary(fc.constantFrom("a", "b", "a\0"), attribute, { maxKeys: 2, noNullPrototype: true })
  .map((entries) => new Map(Object.entries(entries)));

const dimsOf = fc.option(fc.array(dim, { maxLength: 2 }), { nil: null });
const dtype = fc.constantFrom("f32" as const, "i64" as const);
const inner: fc.Arbitrary<NodeAttribute> = fc
  .record({
    name: fc.constant("s"),
    inputs: fc.array(
      fc.record({ name, type: fc.option(fc.record({ dtype, dims: dimsOf }), { nil: null }) }),
      { maxLength: 2 },
    ),
    outputs: fc.array(fc.record({ name, type: fc.constant(null) }), { maxLength: 2 }),
    initializers: fc.array(fc.record({ name, weight: fc.constantFrom("w0", "w1") }), {
      maxLength: 2,
    }),
    nodes: fc.array(
      fc.record({
        name: fc.constant("n"),
        domain: name,
        operator: name,
        version: fc.nat(1),
        attributes,
        inputs: names,
        outputs: names,
      }),
      { maxLength: 2 },
    ),
  })
  .map((value) => ({ kind: "graph" as const, value }));
const nodeAttributes: fc.Arbitrary<NodeAttributes> = fc
  .tuple(attributes, fc.option(inner, { nil: undefined }))
  .map(
    ([plain, graph]) => new Map<string, NodeAttribute>(graph ? [...plain, ["g", graph]] : plain),
  );

const node: fc.Arbitrary<GraphNode> = fc.record({
  name: fc.constant("n"),
  domain: name,
  operator: name,
  version: fc.nat(2),
  attributes: nodeAttributes,
  inputs: names,
  outputs: names,
});
const info = fc.record({
  name,
  dtype,
  dims: dimsOf,
});
const graph: fc.Arbitrary<readonly [Graph, string[]]> = fc.tuple(
  fc.record({
    name: fc.constant("g"),
    inputs: fc.array(info, { maxLength: 1 }),
    outputs: fc.array(info, { maxLength: 1 }),
    nodes: fc.array(node, { maxLength: 1 }),
  }),
  // The weights that subgraphs hide are always there; their names do not count, only their places.
  names.map((outer) => ["w0", ...outer, "w1"]),
);

/** What a graph says, without the order in which its attributes happen to lie. */
function said([g, weights]: readonly [Graph, string[]]): unknown {
  return [weights, g.inputs, g.outputs, g.nodes];
}

/** Some generated objects have no prototype, which says nothing about the graph. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return plain([...value].sort(([a], [b]) => (a < b ? -1 : 1)));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, plain(v)]));
}

describe("the bytes of a graph", () => {
  it("are equal exactly where the graphs are", () => {
    const text = (g: readonly [Graph, string[]]): string =>
      inspect(plain(said(g)), { depth: null });
    fc.assert(
      fc.property(fc.array(graph, { minLength: 100, maxLength: 100 }), (graphs) => {
        const bySaid = new Map(graphs.map((g) => [text(g), g]));
        const encodings = [...bySaid.values()].map((g) =>
          Buffer.from(graphBytes(...g)).toString("hex"),
        );
        expect(new Set(encodings).size).toBe(bySaid.size);
      }),
    );
  });

  it("do not depend on the order of attributes", () => {
    const model = (order: readonly string[]): Model => {
      const all = Object.fromEntries(order.map((key, i) => [key, int(key === "axis" ? 1 : i * 0)]));
      return oneNode({ op: "Softmax", inputs: ["x"], outputs: ["y"], attributes: all });
    };
    expect(digestOf(model(["axis", "b"]))).toBe(digestOf(model(["b", "axis"])));
  });
});

function oneNode(spec: NodeSpec, weights: Record<string, Tensor> = {}): Model {
  const inputs = [{ name: "x", dims: [1, 2] }];
  return modelOf({ inputs, outputs: ["y"], nodes: [spec], weights });
}

const digestOf = (model: Model): string =>
  Buffer.from(modelDigest(nodeHasher, model).model).toString("hex");

const withAttribute = (value: AttributeValue): Model =>
  oneNode({ op: "Softmax", inputs: ["x"], outputs: ["y"], attributes: { a: value } });

const refused = expect.objectContaining({ code: "graph/invalid" });

describe("what has no canonical bytes has no digest", () => {
  const nan: Tensor = { dtype: "f32", dims: [1], bytes: Uint8Array.of(1, 0, 0xc0, 0x7f) };
  const two: Tensor = { dtype: "bool", dims: [1], bytes: Uint8Array.of(2) };
  const many = new Array<string>(65536).fill("x");
  const cases: Readonly<Record<string, () => Model>> = {
    "a name with half of a surrogate pair": () =>
      oneNode({ op: "Relu", inputs: ["x\ud800"], outputs: ["y"] }),
    "a string attribute with one": () => withAttribute({ kind: "string", value: "\udc00a" }),
    "an integer beyond 64 bits": () => withAttribute({ kind: "int", value: 2n ** 64n + 1n }),
    "a float that is no f32": () => withAttribute({ kind: "float", value: 0.1 }),
    "floats that are none": () => withAttribute({ kind: "floats", value: [1e300] }),
    "an attribute with a foreign NaN": () => withAttribute({ kind: "tensor", value: nan }),
    "an attribute of other bytes than its dims say": () =>
      withAttribute({ kind: "tensor", value: { ...nan, dims: [2] } }),
    "a weight with a foreign NaN": () =>
      oneNode({ op: "Add", inputs: ["x", "w"], outputs: ["y"] }, { w: nan }),
    "a bool weight that is 2": () =>
      oneNode({ op: "Not", inputs: ["w"], outputs: ["y"] }, { w: two }),
    "65536 inputs of one node": () => oneNode({ op: "Concat", inputs: many, outputs: ["y"] }),
  };
  for (const [what, model] of Object.entries(cases)) {
    it(what, () => {
      expect(() => modelDigest(nodeHasher, model())).toThrow(refused);
    });
  }

  it("a version beyond 32 bits", () => {
    const model = oneNode({ op: "Relu", inputs: ["x"], outputs: ["y"] });
    const nodes = model.graph.nodes.map((n) => ({ ...n, version: 2 ** 32 + n.version }));
    const wide = { ...model, graph: { ...model.graph, nodes } };
    expect(() => modelDigest(nodeHasher, wide)).toThrow(refused);
  });
});

describe("a byte writer", () => {
  it("refuses what a field cannot hold and never wraps it", () => {
    const writes: ((w: ByteWriter) => void)[] = [
      (w) => w.u8(256),
      (w) => w.u8(-1),
      (w) => w.u16(65536),
      (w) => w.u32(2 ** 32),
      (w) => w.u32(0.5),
      (w) => w.i64(2 ** 53),
      (w) => w.i64(Number.NaN),
      (w) => w.u64(-1n),
      (w) => w.u64(2n ** 64n),
    ];
    for (const write of writes) expect(() => write(new ByteWriter())).toThrow(refused);
  });
});
