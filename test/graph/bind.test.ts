import { describe, expect, it } from "vitest";
import { f32Tensor, i64Tensor, type Tensor, type TensorType } from "../../operators/index.js";
import { bind } from "../../src/graph/bind.js";
import { bindingDigest, modelDigest, planDigest } from "../../src/graph/digests.js";
import type { Plan } from "../../src/graph/plan.js";
import { materialize } from "../../src/graph/values.js";
import { nobleHasher } from "../../src/merkle/hash.js";
import { int, ints, modelOf, type NodeSpec } from "../support/graphs.js";

const ones = (...dims: number[]): Tensor =>
  f32Tensor(dims, new Array(dims.reduce((a, b) => a * b, 1)).fill(1));
const types = (entries: Record<string, number[]>) =>
  new Map(Object.entries(entries).map(([n, dims]) => [n, { dtype: "f32" as const, dims }]));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const names = (plan: Plan) => plan.nodes.map((n) => n.name);

describe("binding dims", () => {
  const model = modelOf({
    inputs: [
      { name: "x", dims: ["N", 3] },
      { name: "y", dims: ["N", 3] },
    ],
    outputs: ["z"],
    nodes: [{ op: "Add", inputs: ["x", "y"], outputs: ["z"] }],
  });

  it("gives a symbol one value", () => {
    expect(bind(model, { types: types({ x: [4, 3], y: [4, 3] }) }).nodes).toHaveLength(1);
    expect(() => bind(model, { types: types({ x: [4, 3], y: [1, 3] }) })).toThrow(
      expect.objectContaining({ code: "input/mismatch" }),
    );
  });

  it("refuses other fixed dims, ranks, dtypes and missing inputs", () => {
    for (const x of [[4, 2], [4], [4, 3, 1]]) {
      expect(() => bind(model, { types: types({ x, y: [4, 3] }) })).toThrow(
        expect.objectContaining({ code: "input/mismatch" }),
      );
    }
    const wrong = new Map<string, TensorType>(types({ y: [4, 3] }));
    wrong.set("x", { dtype: "f64", dims: [4, 3] });
    expect(() => bind(model, { types: wrong })).toThrow(
      expect.objectContaining({ code: "input/mismatch" }),
    );
    expect(() => bind(model, { types: types({ x: [4, 3] }) })).toThrow(
      expect.objectContaining({ code: "input/missing" }),
    );
  });

  it("binds the dims into the digests, and nothing else of the inputs", () => {
    const digest = (n: number) => {
      const plan = bind(model, { types: types({ x: [n, 3], y: [n, 3] }) });
      return [hex(bindingDigest(nobleHasher, plan)), hex(planDigest(nobleHasher, plan))];
    };
    expect(digest(4)).toEqual(digest(4));
    expect(digest(4)[0]).not.toBe(digest(5)[0]);
    expect(digest(4)[1]).not.toBe(digest(5)[1]);
  });
});

describe("folding", () => {
  it("folds shape arithmetic and keeps what depends on activations", () => {
    const model = modelOf({
      inputs: [{ name: "x", dims: ["N", 4, 5] }],
      outputs: ["y"],
      nodes: [
        { op: "Shape", inputs: ["x"], outputs: ["shape"] },
        { op: "Gather", inputs: ["shape", "zero"], outputs: ["n"] },
        { op: "Concat", inputs: ["n", "rest"], outputs: ["target"], attributes: { axis: int(0) } },
        { op: "Reshape", inputs: ["x", "target"], outputs: ["y"] },
      ],
      weights: { zero: i64Tensor([1], [0]), rest: i64Tensor([1], [-1]) },
    });
    const plan = bind(model, { types: types({ x: [2, 4, 5] }) });
    expect(names(plan)).toEqual(["Reshape_3"]);
    expect(plan.values[plan.outputs[0]?.value as number]?.dims).toEqual([2, 20]);
    expect(plan.constants.map((c) => [...materialize(c).bytes].filter((b) => b !== 0))).toEqual([
      [2, 255, 255, 255, 255, 255, 255, 255, 255],
    ]);
  });

  it("does not materialise what ConstantOfShape makes, and does not run on large weights", () => {
    const model = modelOf({
      inputs: [{ name: "x", dims: [1, 2000] }],
      outputs: ["y"],
      nodes: [
        { op: "ConstantOfShape", inputs: ["shape"], outputs: ["big"] },
        { op: "Neg", inputs: ["w"], outputs: ["negated"] },
        { op: "Add", inputs: ["x", "big"], outputs: ["a"] },
        { op: "Add", inputs: ["a", "negated"], outputs: ["y"] },
      ],
      weights: { shape: i64Tensor([2], [1, 2000]), w: ones(1, 2000) },
    });
    const plan = bind(model, { types: types({ x: [1, 2000] }) });
    expect(names(plan)).toEqual(["Neg_1", "Add_2", "Add_3"]);
    expect(plan.constants).toHaveLength(1);
    expect(plan.constants[0]).toHaveProperty("element");
  });

  it("makes an integer input part of the plan only where its value decides a shape", () => {
    const model = modelOf({
      inputs: [
        { name: "x", dims: [6] },
        { name: "shape", dtype: "i64", dims: [2] },
        { name: "ids", dtype: "i64", dims: [3] },
      ],
      outputs: ["y", "z"],
      nodes: [
        { op: "Reshape", inputs: ["x", "shape"], outputs: ["y"] },
        { op: "Add", inputs: ["ids", "ids"], outputs: ["twice"] },
        { op: "Gather", inputs: ["x", "twice"], outputs: ["z"] },
      ],
    });
    const bound = (shape: number[], ids: number[]) => {
      const values = new Map([
        ["shape", i64Tensor([2], shape)],
        ["ids", i64Tensor([3], ids)],
      ]);
      const all = new Map<string, Tensor>([["x", ones(6)], ...values]);
      return bind(model, { types: all, values });
    };
    const plan = bound([2, 3], [0, 1, 2]);
    expect(plan.inputs.map((v) => v.steering !== undefined)).toEqual([false, true, false]);
    expect(names(plan)).toEqual(["Reshape_0", "Add_1", "Gather_2"]);
    const digest = (p: Plan) =>
      hex(planDigest(nobleHasher, p)) + hex(bindingDigest(nobleHasher, p));
    expect(digest(bound([2, 3], [2, 1, 0]))).toBe(digest(plan));
    expect(digest(bound([3, 2], [0, 1, 2]))).not.toBe(digest(plan));
  });

  it("refuses sizes that no program holds by the node's name", () => {
    const pool: NodeSpec = {
      op: "MaxPool",
      inputs: ["x"],
      outputs: ["y"],
      attributes: { kernel_shape: ints(1), pads: ints(2 ** 50, 0) },
    };
    const model = modelOf({
      inputs: [{ name: "x", dims: [1, 1, 4] }],
      outputs: ["y"],
      nodes: [pool],
    });
    expect(() => bind(model, { types: types({ x: [1, 1, 4] }) })).toThrow(
      expect.objectContaining({
        code: "operator/unsupported",
        message: expect.stringContaining("MaxPool_0: there is no program of these sizes"),
      }),
    );
  });

  it("names every node whose shape depends on data, and none that merely follows one", () => {
    const reshape = (i: number, from: string): NodeSpec => ({
      op: "Reshape",
      inputs: [from, "asInt"],
      outputs: [`r${i}`],
    });
    const model = modelOf({
      inputs: [{ name: "x", dims: [4] }],
      outputs: ["y"],
      nodes: [
        { op: "Cast", inputs: ["x"], outputs: ["asInt"], attributes: { to: int(7) } },
        reshape(0, "x"),
        { op: "Relu", inputs: ["r0"], outputs: ["follows"] },
        reshape(1, "x"),
        { op: "Add", inputs: ["follows", "r1"], outputs: ["y"] },
      ],
    });
    let error: { code?: string; facts?: { items: { node: string }[] } } = {};
    try {
      bind(model, { types: types({ x: [4] }) });
    } catch (e) {
      error = e as typeof error;
    }
    expect(error.code).toBe("graph/data-dependent");
    expect(error.facts?.items.map((i) => i.node)).toEqual(["Reshape_1", "Reshape_3"]);
  });
});

describe("digests", () => {
  const model = (weight: number, op = "Add") =>
    modelOf({
      inputs: [{ name: "x", dims: [2] }],
      outputs: ["y"],
      nodes: [{ op, inputs: ["x", "w"], outputs: ["y"] }],
      weights: { w: f32Tensor([2], [weight, 2]) },
    });

  it("the model digest changes with one bit of a weight and with the graph", () => {
    const digest = (m: ReturnType<typeof model>) => hex(modelDigest(nobleHasher, m).model);
    expect(digest(model(1))).toBe(digest(model(1)));
    expect(digest(model(1))).not.toBe(digest(model(1 + 2 ** -23)));
    expect(digest(model(1))).not.toBe(digest(model(1, "Mul")));
  });

  it("the plan digest does not depend on large weights", () => {
    const plan = (w: number) => bind(model(w), { types: types({ x: [2] }) });
    expect(hex(planDigest(nobleHasher, plan(1)))).toBe(hex(planDigest(nobleHasher, plan(3))));
  });
});
