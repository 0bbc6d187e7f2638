import { create, toBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-web";
import { describe, expect, test } from "vitest";
import { f32Tensor, InterpreterMachine, type Tensor } from "../../operators/index.js";
import { planFor, runModel } from "../../src/execute/run-model.js";
import { modelDigest } from "../../src/graph/digests.js";
import { subgraphsOf } from "../../src/graph/subgraphs.js";
import type { Model, Subgraph } from "../../src/graph/types.js";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import { importOnnx } from "../../src/onnx/import.js";
import {
  GraphProtoSchema,
  AttributeProto_AttributeType as Type,
} from "../../src/onnx/proto/onnx_pb.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { toHex } from "../../src/receipt/hex.js";
import {
  type AttributeInit,
  errorOf,
  type GraphInit,
  modelBytes,
  type NodeInit,
  node,
  value,
} from "./proto.js";

const graph = (init: GraphInit) =>
  toBinary(GraphProtoSchema, create(GraphProtoSchema, { name: "inner", ...init }));

function withGraphs(proto: NodeInit, graphs: Readonly<Record<string, GraphInit>>): NodeInit {
  const attribute = Object.entries(graphs).map(
    ([name, init]): AttributeInit => ({ name, type: Type.GRAPH, g: graph(init) }),
  );
  return { ...proto, attribute: [...(proto.attribute ?? []), ...attribute] };
}

const floats = (name: string, ...values: number[]) => ({
  name,
  dataType: 1,
  dims: [BigInt(values.length)],
  floatData: values,
});

/** y = c ? x · w : x + w, each branch with a w of its own; the graph around them has one too. */
function choice(then: number, other: number, name = "pick"): Uint8Array {
  const branch = (op: string, w: number): GraphInit => ({
    node: [node(op, ["x", "w"], ["y"])],
    output: [{ name: "y" }],
    initializer: [floats("w", w)],
  });
  return modelBytes({
    node: [
      withGraphs(node("If", ["c"], ["p"], name), {
        then_branch: branch("Mul", then),
        else_branch: branch("Add", other),
      }),
      node("Sub", ["p", "w"], ["y"]),
    ],
    input: [value("x", [1]), value("c", [], 9)],
    output: [value("y", [1])],
    initializer: [floats("w", 1)],
  });
}

async function runOf(model: Model, c: boolean) {
  const inputs = new Map<string, Tensor>([
    ["x", f32Tensor([1], [10])],
    ["c", { dtype: "bool", dims: [], bytes: Uint8Array.of(c ? 1 : 0) }],
  ]);
  const digest = modelDigest(hasher, model);
  const key = new Uint8Array(32).fill(1);
  return runModel({ model, digest, inputs, machine: new InterpreterMachine(), hasher, key });
}

const innerOf = (model: Model, label: string): Subgraph =>
  model.graph.nodes.flatMap(subgraphsOf).find((s) => s.label === label)?.graph as Subgraph;

describe("initializers of a subgraph", () => {
  test("are weights of the model under names of their own", async () => {
    const model = importOnnx(choice(3, 5));
    expect([...model.weights.keys()]).toEqual(["w", "pick/then_branch/w", "pick/else_branch/w"]);
    expect(innerOf(model, "else_branch").initializers).toEqual([
      { name: "w", weight: "pick/else_branch/w" },
    ]);
    expect([...((await runOf(model, true)).outputs.get("y") as Tensor).bytes]).toEqual([
      ...f32Tensor([1], [29]).bytes,
    ]);
    expect([...((await runOf(model, false)).outputs.get("y") as Tensor).bytes]).toEqual([
      ...f32Tensor([1], [14]).bytes,
    ]);
  });

  test("are in the model digest also where the branch is not taken", async () => {
    const [a, b] = [importOnnx(choice(3, 5)), importOnnx(choice(3, 6))];
    expect(modelDigest(hasher, a).graph).toEqual(modelDigest(hasher, b).graph);
    expect(modelDigest(hasher, a).model).not.toEqual(modelDigest(hasher, b).model);
    const [runA, runB] = [await runOf(a, true), await runOf(b, true)];
    expect(runB.signed.receipt.outputs).toEqual(runA.signed.receipt.outputs);
    expect(runB.signed.receipt.plan).toEqual(runA.signed.receipt.plan);
    expect(runB.signed.receipt.model).not.toEqual(runA.signed.receipt.model);
  });

  test("get names that nothing in the file has", () => {
    const bytes = modelBytes({
      node: [0, 1].map((i) =>
        withGraphs(node("If", ["c"], [`y${i}`], "a"), {
          then_branch: { output: [{ name: "w" }], initializer: [floats("w", i)] },
          else_branch: { output: [{ name: "x" }] },
        }),
      ),
      input: [value("x", [1]), value("c", [], 9)],
      output: [value("y0", [1]), value("y1", [1])],
      initializer: [floats("a/then_branch/w", 1)],
    });
    expect([...importOnnx(bytes).weights.keys()]).toEqual([
      "a/then_branch/w",
      "a/then_branch/w#2",
      "a#2/then_branch/w",
    ]);
  });

  test("the digest does not depend on how nodes are called", () => {
    const digest = (name: string) =>
      toHex(modelDigest(hasher, importOnnx(choice(3, 5, name))).model);
    expect(digest("pick")).toBe(digest("other"));
  });

  test("of a branch and what it computes are in the graph digest", () => {
    const digest = (bytes: Uint8Array) => toHex(modelDigest(hasher, importOnnx(bytes)).graph);
    const renamed = (from: string, to: string): Uint8Array => {
      const text = Buffer.from(choice(3, 5)).toString("latin1").replace(from, to);
      return new Uint8Array(Buffer.from(text, "latin1"));
    };
    const other = renamed("Mul", "Div");
    expect(digest(other)).not.toBe(digest(choice(3, 5)));
  });

  test("are written and read back", () => {
    const model = importOnnx(choice(3, 5));
    const bytes = writeOnnx(model, { opsets: new Map([["", 17]]), producer: "test" });
    expect(importOnnx(bytes)).toEqual(model);
  });
});

describe("names", () => {
  test("a node waits for what its subgraphs read", () => {
    const bytes = modelBytes({
      node: [
        withGraphs(node("If", ["c"], ["y"]), {
          then_branch: { node: [node("Neg", ["late"], ["n"])], output: [{ name: "n" }] },
          else_branch: { output: [{ name: "x" }] },
        }),
        node("Relu", ["x"], ["late"]),
      ],
      input: [value("x", [1]), value("c", [], 9)],
      output: [value("y", [1])],
    });
    expect(importOnnx(bytes).graph.nodes.map((n) => n.name)).toEqual(["Relu_1", "If_0"]);
  });

  test("what no graph around defines is missing", () => {
    const inner = { node: [node("Neg", ["nowhere"], ["n"])], output: [{ name: "n" }] };
    const middle = {
      node: [withGraphs(node("If", ["c"], ["m"]), { then_branch: inner, else_branch: inner })],
      output: [{ name: "m" }],
    };
    const bytes = modelBytes({
      node: [withGraphs(node("If", ["c"], ["y"]), { then_branch: middle, else_branch: middle })],
      input: [value("c", [], 9)],
      output: [value("y", [1])],
    });
    expect(errorOf(() => importOnnx(bytes))).toMatchObject({
      code: "onnx/malformed",
      message: 'graph.node[0] "If_0": nothing produces its input "nowhere"',
    });
  });

  test("a cycle through a subgraph is one", () => {
    const inner = { node: [node("Neg", ["z"], ["n"])], output: [{ name: "n" }] };
    const bytes = modelBytes({
      node: [
        withGraphs(node("If", ["c"], ["y"]), { then_branch: inner, else_branch: inner }),
        node("Relu", ["y"], ["z"]),
      ],
      input: [value("c", [], 9)],
      output: [value("y", [1])],
    });
    expect(errorOf(() => importOnnx(bytes)).message).toContain("depends on its own output");
  });

  test("an old file lists initializers as inputs, of a body too", () => {
    const body: GraphInit = {
      node: [node("Add", ["s", "w"], ["t"])],
      input: [{ name: "s" }, value("w", [1]), { name: "e" }],
      output: [{ name: "t" }],
      initializer: [floats("w", 1)],
    };
    const scan = withGraphs(node("Scan", ["x", "x"], ["y"]), { body });
    scan.attribute?.push({ name: "num_scan_inputs", type: Type.INT, i: 1n });
    const bytes = modelBytes(
      { node: [scan], input: [value("x", [2])], output: [value("y", [2])] },
      { irVersion: 3n, opsetImport: [{ domain: "", version: 9n }] },
    );
    const model = importOnnx(bytes);
    expect(innerOf(model, "body").inputs.map((v) => v.name)).toEqual(["s", "e"]);
    const plan = planFor(model, new Map([["x", f32Tensor([2], [1, 2])]]));
    expect(plan.nodes.filter((n) => n.operator === "Add")).toHaveLength(2);
  });
});

test("sequences in a body are refused by name", () => {
  const sequence = { value: { case: "sequenceType" as const, value: new Uint8Array(0) } };
  const body: GraphInit = {
    input: [{ name: "i" }, { name: "c" }, { name: "list", type: sequence }],
    output: [{ name: "c" }, { name: "list" }],
  };
  const bytes = modelBytes({
    node: [withGraphs(node("Loop", ["n", "", "x"], ["y"], "collect"), { body })],
    input: [value("n", [], 7), value("x")],
    output: [value("y")],
  });
  expect(errorOf(() => importOnnx(bytes)).facts.items).toEqual([
    {
      node: "collect/body/list",
      operator: "",
      reason: "in a subgraph: a sequence is not a tensor",
    },
  ]);
});

describe("as another runtime has it", () => {
  const bool = (name: string) => value(name, [], 9);
  const ints = (name: string, ...list: number[]): AttributeInit => {
    return { name, type: Type.INTS, ints: list.map(BigInt) };
  };
  const cases: Readonly<Record<string, { node: NodeInit; outputs: string[] }>> = {
    "If in Loop": {
      outputs: ["last", "all"],
      node: withGraphs(node("Loop", ["five", "", "s"], ["last", "all"]), {
        body: {
          node: [
            node("Less", ["i", "two"], ["early"]),
            withGraphs(node("If", ["early"], ["next"]), {
              then_branch: { node: [node("Add", ["v", "r"], ["a"])], output: [value("a", [3])] },
              else_branch: { node: [node("Mul", ["v", "r"], ["m"])], output: [value("m", [3])] },
            }),
            node("Sub", ["next", "v"], ["step"]),
            node("Identity", ["c"], ["d"]),
          ],
          input: [value("i", [], 7), bool("c"), value("v", [3])],
          output: [bool("d"), value("next", [3]), value("step", [3])],
        },
      }),
    },
    "Scan over columns from the end": {
      outputs: ["last", "all"],
      node: {
        ...withGraphs(node("Scan", ["t", "x"], ["last", "all"]), {
          body: {
            node: [
              node("Mul", ["v", "v"], ["q"]),
              node("Add", ["q", "e"], ["n"]),
              node("Neg", ["n"], ["o"]),
            ],
            input: [value("v", [2]), value("e", [2])],
            output: [value("n", [2]), value("o", [2])],
          },
        }),
      },
    },
  };
  cases["Scan over columns from the end"]?.node.attribute?.push(
    { name: "num_scan_inputs", type: Type.INT, i: 1n },
    ints("scan_input_axes", 1),
    ints("scan_input_directions", 1),
    ints("scan_output_axes", -1),
    ints("scan_output_directions", 1),
  );
  const inputs = {
    s: f32Tensor([3], [0.5, -2, 3]),
    r: f32Tensor([3], [1.5, 0.25, -1]),
    t: f32Tensor([2], [0.5, -0.25]),
    x: f32Tensor([2, 3], [0.1, 0.2, 0.3, -0.4, 0.5, 0.6]),
  };

  test.each(Object.entries(cases))("%s", async (_, { node: proto, outputs }) => {
    const used = proto.opType === "Loop" ? ["s", "r"] : ["t", "x"];
    const bytes = modelBytes({
      name: "g",
      node: [proto],
      input: used.map((n) => value(n, inputs[n as "s"].dims)),
      output: outputs.map((name) => ({
        name,
        type: { value: { case: "tensorType" as const, value: { elemType: 1 } } },
      })),
      initializer: [
        { name: "five", dataType: 7, int64Data: [5n] },
        { name: "two", dataType: 7, int64Data: [2n] },
      ],
    });
    const given = new Map(used.map((n) => [n, inputs[n as "s"]] as const));
    const model = importOnnx(bytes);
    const digest = modelDigest(hasher, model);
    const key = new Uint8Array(32).fill(1);
    const machine = new InterpreterMachine();
    const run = await runModel({ model, digest, inputs: given, machine, hasher, key });
    const session = await InferenceSession.create(bytes);
    const feeds = Object.fromEntries(
      [...given].map(([n, t]) => [
        n,
        new OrtTensor("float32", new Float32Array(t.bytes.slice().buffer), [...t.dims]),
      ]),
    );
    const theirs = await session.run(feeds);
    for (const name of outputs) {
      const ours = run.outputs.get(name) as Tensor;
      expect(ours.dims).toEqual([...(theirs[name]?.dims ?? [])]);
      expect(new Float32Array(ours.bytes.slice().buffer)).toEqual(theirs[name]?.data);
    }
  });
});
