import { describe, expect, it } from "vitest";
import {
  type DType,
  f32Tensor,
  f32Values,
  InterpreterMachine,
  i64Tensor,
  type Tensor,
} from "../../operators/index.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import type { Model } from "../../src/graph/types.js";
import {
  int,
  ints,
  modelOf,
  type NodeSpec,
  type SubgraphSpec,
  subgraph,
} from "../support/graphs.js";

const bool = (value: boolean, dims: readonly number[] = []): Tensor => {
  return { dtype: "bool", dims, bytes: Uint8Array.of(value ? 1 : 0) };
};
const vector = (...values: number[]) => f32Tensor([values.length], values);
const node = (op: string, inputs: string[], output: string): NodeSpec => {
  return { op, inputs, outputs: [output] };
};

/** Runs a model on the interpreter; one list of values per output. */
async function valuesOf(model: Model, inputs: Readonly<Record<string, Tensor>>) {
  const given = new Map(Object.entries(inputs));
  const plan = planFor(model, given);
  const session = await Session.open(plan, model.weights, new InterpreterMachine());
  try {
    session.setInputs(plan.inputs.map((v) => given.get(v.name) as Tensor));
    session.runNodes(0, plan.nodes.length);
    const outputs = plan.outputs.map((v) => session.tensor(v.value));
    return {
      plan,
      dims: outputs.map((t) => t.dims),
      values: outputs.map((t) => [...f32Values(t)]),
    };
  } finally {
    await session.close();
  }
}

/** A model whose inputs have the types of the tensors that they get. */
function modelFor(
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
  nodes: readonly NodeSpec[],
  weights: Readonly<Record<string, Tensor>> = {},
): Model {
  const infos = Object.entries(inputs).map(([name, { dtype, dims }]) => ({ name, dtype, dims }));
  const declared = outputs.map((name) => ({ name, dtype: "f32" as const }));
  return modelOf({ inputs: infos, outputs: declared, nodes, weights });
}

const run = (
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
  nodes: readonly NodeSpec[],
  weights?: Readonly<Record<string, Tensor>>,
) => valuesOf(modelFor(inputs, outputs, nodes, weights), inputs);

describe("If", () => {
  const choose = (then: SubgraphSpec, other: SubgraphSpec, outputs = ["y"]): NodeSpec => ({
    op: "If",
    inputs: ["c"],
    outputs,
    attributes: { then_branch: subgraph(then), else_branch: subgraph(other) },
  });
  const either = choose(
    { outputs: ["a"], nodes: [node("Neg", ["x"], "a")] },
    { outputs: ["a"], nodes: [node("Concat", ["x", "x"], "a")].map(withAxis) },
  );

  it("runs the branch that is taken, which may be of other dims than the other", async () => {
    const x = vector(1, -2);
    const taken = await run({ c: bool(true), x }, ["y"], [either]);
    expect(taken).toMatchObject({ dims: [[2]], values: [[-1, 2]] });
    expect(taken.plan.nodes.map((n) => n.name)).toEqual(["If_0/then/Neg_0"]);
    expect(taken.plan.inputs.map((v) => v.steering !== undefined)).toEqual([true, false]);
    const other = await run({ c: bool(false, [1]), x }, ["y"], [either]);
    expect(other).toMatchObject({ dims: [[4]], values: [[1, -2, 1, -2]] });
    expect(other.plan.nodes.map((n) => n.name)).toEqual(["If_0/else/Concat_0"]);
  });

  it("refuses a condition that is known at run time only, and what follows it by silence", () => {
    const x = vector(1, -2);
    const nodes = [node("IsNaN", ["s"], "c"), either, node("Relu", ["y"], "z")];
    const model = modelFor({ s: f32Tensor([], [1]), x }, ["z"], nodes);
    const bound = () =>
      planFor(
        model,
        new Map([
          ["s", f32Tensor([], [1])],
          ["x", x],
        ]),
      );
    expect(bound).toThrow(
      expect.objectContaining({
        code: "graph/data-dependent",
        message: "If_1: which branch is taken depends on values that are only known at run time",
      }),
    );
  });

  it("yields outer tensors, weights of its own and one tensor twice", async () => {
    const then = { outputs: ["x", "w", "w"], nodes: [], weights: { w: "If_0/w" } };
    const result = await run(
      { c: bool(true), x: vector(1) },
      ["p", "q", "r"],
      [choose(then, then, ["p", "q", "r"])],
      { "If_0/w": vector(7, 8) },
    );
    expect(result.values).toEqual([[1], [7, 8], [7, 8]]);
    expect(result.plan.nodes).toEqual([]);
    expect(result.plan.weights.map((w) => w.name)).toEqual(["If_0/w"]);
  });

  it("hides a weight of a branch from the graph", () => {
    const then = { outputs: ["w"], nodes: [], weights: { w: "inner" } };
    const nodes = [choose(then, then), node("Relu", ["inner"], "z")];
    const model = modelFor({ c: bool(true) }, ["y", "z"], nodes, { inner: vector(1) });
    expect(() => planFor(model, new Map([["c", bool(true)]]))).toThrow(
      expect.objectContaining({ code: "graph/invalid" }),
    );
  });

  it("names every problem of the branch, under the node", () => {
    const reshape = node("Reshape", ["x", "shape"], "a");
    const then = { outputs: ["a"], nodes: [node("Cast", ["x"], "shape"), reshape] };
    const cast = { ...then, nodes: [{ ...then.nodes[0], attributes: { to: int(7) } }, reshape] };
    const model = modelFor(
      { c: bool(true), x: vector(1) },
      ["y"],
      [choose(cast as SubgraphSpec, cast as SubgraphSpec)],
    );
    const bound = () =>
      planFor(
        model,
        new Map([
          ["c", bool(true)],
          ["x", vector(1)],
        ]),
      );
    expect(bound).toThrow(
      expect.objectContaining({
        facts: { items: [expect.objectContaining({ node: "If_0/then/Reshape_1" })] },
      }),
    );
  });

  it.each<[string, NodeSpec, Tensor]>([
    ["no condition", { ...either, inputs: [] }, bool(true)],
    ["two bools", either, { dtype: "bool", dims: [2], bytes: new Uint8Array(2) }],
    ["a number", either, i64Tensor([], [1])],
    ["no graph", { ...either, attributes: { then_branch: int(1) } }, bool(true)],
    ["too few outputs", { ...either, outputs: ["y", "z"] }, bool(true)],
    [
      "a branch with inputs",
      choose({ inputs: ["i"], outputs: ["i"], nodes: [] }, { outputs: ["x"], nodes: [] }),
      bool(true),
    ],
  ])("refuses %s", (_, spec, c) => {
    const inputs = { c, x: vector(1) };
    const model = modelFor(inputs, ["y"], [spec]);
    expect(() => planFor(model, new Map(Object.entries(inputs)))).toThrow(
      expect.objectContaining({ code: "operator/invalid" }),
    );
  });
});

function withAxis(spec: NodeSpec): NodeSpec {
  return { ...spec, attributes: { axis: int(0) } };
}

describe("Loop", () => {
  const loop = (body: SubgraphSpec, inputs: string[], outputs: string[]): NodeSpec => ({
    op: "Loop",
    inputs,
    outputs,
    attributes: { body: subgraph(body) },
  });
  /** s' = s + x, stacked: s'. */
  const sums: SubgraphSpec = {
    inputs: ["i", "c", "s"],
    outputs: ["c", "t", "u"],
    nodes: [node("Add", ["s", "x"], "t"), node("Neg", ["t"], "u")],
  };
  const x = vector(1, 10);
  const trips = (n: number) => i64Tensor([], [n]);

  it("carries tensors on and stacks others", async () => {
    const result = await run(
      { n: trips(3), x },
      ["s", "all"],
      [loop(sums, ["n", "", "x"], ["s", "all"])],
    );
    expect(result.values).toEqual([
      [4, 40],
      [-2, -20, -3, -30, -4, -40],
    ]);
    expect(result.dims).toEqual([[2], [3, 2]]);
    expect(result.plan.nodes.map((n) => n.name)).toEqual([
      "Loop_0[0]/Add_0",
      "Loop_0[0]/Neg_1",
      "Loop_0[1]/Add_0",
      "Loop_0[1]/Neg_1",
      "Loop_0[2]/Add_0",
      "Loop_0[2]/Neg_1",
      "Loop_0/output 1",
    ]);
  });

  it("runs while its condition holds", async () => {
    // i < 3, of types alone: nothing has to be known of x.
    const body: SubgraphSpec = {
      inputs: ["i", "c", "s"],
      outputs: ["more", "t"],
      nodes: [
        node("Add", ["i", "one"], "next"),
        node("Less", ["next", "three"], "more"),
        node("Add", ["s", "x"], "t"),
      ],
    };
    const weights = { one: trips(1), three: trips(3) };
    for (const [n, inputs] of [
      [3, ["", "c", "x"]],
      [2, ["two", "c", "x"]],
      [3, ["six", "c", "x"]],
      // Without a condition of the node's, that of the body is ignored.
      [6, ["six", "", "x"]],
    ] as const) {
      const result = await run({ c: bool(true), x }, ["s"], [loop(body, [...inputs], ["s"])], {
        ...weights,
        two: trips(2),
        six: trips(6),
      });
      expect(result.values).toEqual([[n + 1, 10 * (n + 1)]]);
    }
  });

  it("needs no condition after its last iteration", async () => {
    const body: SubgraphSpec = {
      inputs: ["i", "c", "s"],
      outputs: ["more", "t"],
      nodes: [node("Add", ["s", "s"], "t"), node("IsNaN", ["t"], "more")],
    };
    const one = await run(
      { n: trips(1), c: bool(true), s: f32Tensor([], [2]) },
      ["t"],
      [loop(body, ["n", "c", "s"], ["t"])],
    );
    expect(one.values).toEqual([[4]]);
    const two = () =>
      run(
        { n: trips(2), c: bool(true), s: f32Tensor([], [2]) },
        ["t"],
        [loop(body, ["n", "c", "s"], ["t"])],
      );
    await expect(two()).rejects.toMatchObject({
      code: "graph/data-dependent",
      message: expect.stringContaining("Loop_0: whether iteration 1 runs"),
    });
  });

  it("of no iterations passes on what it got; a stack has the declared dims", async () => {
    const declared = { ...sums, declared: [2] };
    for (const [n, c] of [
      [0, true],
      [-5, true],
      [3, false],
    ] as const) {
      const result = await run(
        { n: trips(n), c: bool(c), x },
        ["s", "all"],
        [loop(declared, ["n", "c", "x"], ["s", "all"])],
      );
      expect(result).toMatchObject({ dims: [[2], [0, 2]], values: [[1, 10], []] });
    }
    const undeclared = () =>
      run({ n: trips(0), x }, ["s", "all"], [loop(sums, ["n", "", "x"], ["s", "all"])]);
    await expect(undeclared()).rejects.toMatchObject({ code: "operator/unsupported" });
  });

  it("reads what a body's Constant says once, and hides outer names", async () => {
    const constant: NodeSpec = {
      op: "Constant",
      inputs: [],
      outputs: ["k"],
      attributes: { value: { kind: "tensor", value: vector(5, 6) } },
    };
    const body: SubgraphSpec = {
      inputs: ["i", "c", "x"],
      outputs: ["c", "t"],
      nodes: [constant, node("Add", ["x", "k"], "t")],
    };
    const result = await run({ x, k: vector(0, 0) }, ["s"], [loop(body, ["n", "", "x"], ["s"])], {
      n: trips(4),
    });
    expect(result.values).toEqual([[21, 34]]);
    expect(result.plan.constants).toHaveLength(1);
  });

  it("computes at binding what is known then", async () => {
    const body: SubgraphSpec = {
      inputs: ["i", "c"],
      outputs: ["c", "sq"],
      nodes: [node("Mul", ["i", "i"], "sq")],
    };
    const nodes = [
      loop(body, ["n", ""], ["squares"]),
      { op: "Cast", inputs: ["squares"], outputs: ["y"], attributes: { to: int(1) } },
    ];
    const result = await run({}, ["y"], nodes, { n: trips(5) });
    expect(result).toMatchObject({ dims: [[5]], values: [[0, 1, 4, 9, 16]] });
    expect(result.plan.nodes).toEqual([]);
  });

  it.each<[string, string, string[], SubgraphSpec]>([
    ["operator/unsupported", "neither bound nor condition", ["", "", "x"], sums],
    ["operator/invalid", "a bound of two numbers", ["two", "", "x"], sums],
    ["operator/invalid", "a float as bound", ["f", "", "x"], sums],
    ["operator/invalid", "a carried tensor left out", ["n", "", ""], sums],
    ["operator/invalid", "more carried tensors than the body takes", ["n", "", "x", "x"], sums],
    [
      "operator/invalid",
      "rows of different dims",
      ["n", "", "x"],
      {
        ...sums,
        nodes: [
          { ...node("Concat", ["s", "x"], "t"), attributes: { axis: int(0) } },
          node("Neg", ["t"], "u"),
        ],
      },
    ],
  ])("%s: %s", (code, _, inputs, body) => {
    const weights = { n: trips(2), two: i64Tensor([2], [1, 2]), f: f32Tensor([], [1]) };
    const model = modelFor({ x }, ["s"], [loop(body, inputs, ["s", "all"])], weights);
    expect(() => planFor(model, new Map([["x", x]]))).toThrow(expect.objectContaining({ code }));
  });
});

describe("Scan", () => {
  const scan = (
    body: SubgraphSpec,
    inputs: string[],
    outputs: string[],
    attributes: NodeSpec["attributes"] = {},
  ): NodeSpec => ({
    op: "Scan",
    inputs,
    outputs,
    attributes: { body: subgraph(body), num_scan_inputs: int(1), ...attributes },
  });
  /** s' = s + e, stacked: s'. */
  const sums: SubgraphSpec = {
    inputs: ["s", "e"],
    outputs: ["t", "u"],
    nodes: [node("Add", ["s", "e"], "t"), node("Identity", ["t"], "u")],
  };
  const grid = f32Tensor([2, 3], [1, 2, 3, 10, 20, 30]);

  it("walks the first axis", async () => {
    const result = await run(
      { s: vector(0, 0, 0), x: grid },
      ["t", "all"],
      [scan(sums, ["s", "x"], ["t", "all"])],
    );
    expect(result).toMatchObject({
      dims: [[3], [2, 3]],
      values: [
        [11, 22, 33],
        [1, 2, 3, 11, 22, 33],
      ],
    });
    expect(result.plan.nodes.map((n) => `${n.operator} ${n.name}`)).toEqual([
      "Scan Scan_0[0]/input 1",
      "Add Scan_0[0]/Add_0",
      "Identity Scan_0[0]/Identity_1",
      "Scan Scan_0[1]/input 1",
      "Add Scan_0[1]/Add_0",
      "Identity Scan_0[1]/Identity_1",
      "Scan Scan_0/output 1",
    ]);
  });

  it("walks other axes, from either end", async () => {
    const all = async (attributes: NodeSpec["attributes"]) => {
      const nodes = [scan(sums, ["s", "x"], ["t", "all"], attributes)];
      const { dims, values } = await run({ s: vector(0, 0), x: grid }, ["t", "all"], nodes);
      return [dims[1], values[1]];
    };
    const axis = { scan_input_axes: ints(-1) };
    // Running sums over columns: (1, 10), (3, 30), (6, 60).
    expect(await all(axis)).toEqual([
      [3, 2],
      [1, 10, 3, 30, 6, 60],
    ]);
    expect(await all({ ...axis, scan_output_axes: ints(1) })).toEqual([
      [2, 3],
      [1, 3, 6, 10, 30, 60],
    ]);
    expect(await all({ ...axis, scan_output_directions: ints(1) })).toEqual([
      [3, 2],
      [6, 60, 3, 30, 1, 10],
    ]);
    expect(await all({ ...axis, scan_input_directions: ints(1) })).toEqual([
      [3, 2],
      [3, 30, 5, 50, 6, 60],
    ]);
  });

  it("of version 8 walks each entry of a batch by itself", async () => {
    const states = f32Tensor([2, 1], [0, 100]);
    const x = f32Tensor([2, 3, 1], [1, 2, 3, 4, 5, 6]);
    const inputs = { s: states, x };
    const all = async (attributes: NodeSpec["attributes"]) => {
      const spec = scan(sums, ["", "s", "x"], ["t", "all"], attributes);
      const model = modelFor(inputs, ["t", "all"], [spec]);
      const nodes = model.graph.nodes.map((n) => ({ ...n, version: 8 }));
      return valuesOf({ ...model, graph: { ...model.graph, nodes } }, inputs);
    };
    expect(await all({})).toMatchObject({
      dims: [
        [2, 1],
        [2, 3, 1],
      ],
      values: [
        [6, 115],
        [1, 3, 6, 104, 109, 115],
      ],
    });
    const backward = await all({ directions: ints(1) });
    expect(backward.values[1]).toEqual([3, 5, 6, 106, 111, 115]);
  });

  it.each<[string, NodeSpec["attributes"]]>([
    ["an axis that is not there", { scan_input_axes: ints(2) }],
    ["a direction that is none", { scan_input_directions: ints(2) }],
    ["two axes for one input", { scan_input_axes: ints(0, 1) }],
    ["an output axis that is not there", { scan_output_axes: ints(-3) }],
    ["more scanned inputs than inputs", { num_scan_inputs: int(3) }],
    ["no scanned inputs", { num_scan_inputs: int(0) }],
  ])("refuses %s", (_, attributes) => {
    const inputs = { s: vector(0, 0, 0), x: grid };
    const model = modelFor(inputs, ["t"], [scan(sums, ["s", "x"], ["t", "all"], attributes)]);
    expect(() => planFor(model, new Map(Object.entries(inputs)))).toThrow(
      expect.objectContaining({ code: "operator/invalid" }),
    );
  });
});

it("a node without outputs is in the graph and not in the plan", async () => {
  const idle: NodeSpec = { op: "If", inputs: [], outputs: [] };
  const result = await run({ x: vector(-1) }, ["y"], [idle, node("Relu", ["x"], "y")]);
  expect(result.plan.nodes.map((n) => n.name)).toEqual(["Relu_1"]);
  expect(result.values).toEqual([[0]]);
});

it("an operator that takes no subgraph refuses one", () => {
  const dtype: DType = "f32";
  const body = subgraph({ outputs: ["x"], nodes: [] });
  const model = modelOf({
    inputs: [{ name: "x", dtype, dims: [1] }],
    outputs: ["y"],
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"], attributes: { body } }],
  });
  expect(() => planFor(model, new Map([["x", vector(1)]]))).toThrow(
    expect.objectContaining({ code: "operator/unsupported" }),
  );
});
