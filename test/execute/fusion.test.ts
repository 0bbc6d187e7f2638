import { describe, expect, it, test } from "vitest";
import { recurrentModel } from "../../fixtures/builders/recurrent.js";
import { resnetModel } from "../../fixtures/builders/resnet.js";
import { transformerModel } from "../../fixtures/builders/transformer.js";
import { NativeMachine } from "../../operators/backends/native/index.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { InterpreterMachine, i64Tensor, type Machine, type Tensor } from "../../operators/index.js";
import { type LayoutOptions, layoutPlan } from "../../src/execute/layout.js";
import { planFor, runModel } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import { keepSegments } from "../../src/execute/trace.js";
import { modelDigest } from "../../src/graph/digests.js";
import type { Plan } from "../../src/graph/plan.js";
import type { Model } from "../../src/graph/types.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { nativeHere } from "../backends/native-here.js";
import { toy } from "../dispute/zoo/toy.js";
import { randomGraph } from "../metamorphic/graphs.js";
import { normals, wild } from "../metamorphic/tensors.js";
import { int, ints, modelOf, type NodeSpec } from "../support/graphs.js";
import { LONG } from "../support/long.js";

/** Operators that are computed together give every byte that they give apart. */

type Inputs = ReadonlyMap<string, Tensor>;
interface World {
  readonly model: Model;
  readonly inputs: Inputs;
}
type Fuse = NonNullable<LayoutOptions["fuse"]>;

const weights = (seed: number, ...dims: number[]): Tensor => normals("f32", dims, seed);

function graph(
  dims: readonly number[],
  outputs: readonly string[],
  nodes: readonly NodeSpec[],
  constants: Readonly<Record<string, Tensor>> = {},
): World {
  const model = modelOf({ inputs: [{ name: "x", dims }], outputs, nodes, weights: constants });
  return { model, inputs: new Map([["x", normals("f32", dims, 5)]]) };
}

const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: NodeSpec["attributes"] = {},
): NodeSpec => ({ op, inputs, outputs: [output], attributes });

/** What a residual network's blocks end with, and every order of operands. */
const finishes = graph(
  [1, 3, 9, 11],
  ["y", "z", "u"],
  [
    node("Conv", ["x", "w", "b"], "c", { pads: ints(1, 1, 1, 1) }),
    node("Clip", ["c", "zero", "infinite"], "r"),
    node("Conv", ["r", "v"], "d"),
    node("Conv", ["r", "v", "b"], "e"),
    node("Add", ["r", "d"], "f"),
    node("Relu", ["f"], "g"),
    node("Add", ["e", "g"], "h"),
    node("Relu", ["h"], "y"),
    node("Conv", ["g", "v"], "i"),
    node("Add", ["i", "g"], "j"),
    node("Add", ["j", "perMap"], "z"),
    node("Conv", ["g", "v", "b"], "k"),
    node("Gelu", ["k"], "l"),
    node("Add", ["l", "g"], "u"),
  ],
  {
    w: weights(1, 5, 3, 3, 3),
    v: weights(2, 5, 5, 1, 1),
    b: weights(3, 5),
    perMap: weights(4, 5, 1, 1),
    zero: normals("f32", [], 0),
    infinite: normals("f32", [], 0),
  },
);

/** Moves into maps, folds, products (both operands, weights too), each other, and out of products. */
const moves = graph(
  [2, 6, 32],
  ["y", "z", "s", "t", "p"],
  [
    node("Transpose", ["w"], "wt", { perm: ints(1, 0) }),
    node("MatMul", ["x", "wt"], "a"),
    node("Reshape", ["a", "heads"], "b"),
    node("Transpose", ["b"], "q", { perm: ints(0, 2, 1, 3) }),
    node("Transpose", ["b"], "k", { perm: ints(0, 2, 3, 1) }),
    node("MatMul", ["q", "k"], "scores"),
    node("Softmax", ["scores"], "shares"),
    node("MatMul", ["shares", "q"], "mixed"),
    node("Transpose", ["mixed"], "joined", { perm: ints(0, 2, 1, 3) }),
    node("Reshape", ["joined", "whole"], "merged"),
    node("MatMul", ["merged", "w"], "o"),
    node("Add", ["x", "o"], "y"),
    { op: "Split", inputs: ["y"], outputs: ["h1", "h2"], attributes: { axis: int(2) } },
    node("Mul", ["h1", "h2"], "m"),
    node("Transpose", ["m"], "mt", { perm: ints(2, 0, 1) }),
    node("ReduceSum", ["mt"], "z"),
    node("Transpose", ["h2"], "h3", { perm: ints(1, 2, 0) }),
    node("Slice", ["h3", "from", "to"], "h4"),
    node("Exp", ["h4"], "s"),
    node("Concat", ["h4", "h4"], "h5", { axis: int(1) }),
    node("Neg", ["h5"], "t"),
    node("Cast", ["m"], "n", { to: int(16) }),
    node("Cast", ["n"], "n2", { to: int(1) }),
    node("Abs", ["n2"], "p"),
  ],
);

/** What lies where: concatenations in each other, of one tensor twice, of an input; runs of a tensor. */
const neighbours = graph(
  [1, 8, 4, 4],
  ["outer", "twice", "with", "flat", "tail", "r", "again", "odd"],
  [
    node("Conv", ["x", "v"], "a"),
    node("Relu", ["a"], "r"),
    node("Exp", ["x"], "e"),
    node("Concat", ["r", "e"], "inner", { axis: int(1) }),
    node("Neg", ["inner"], "n"),
    node("Concat", ["inner", "n"], "outer", { axis: int(1) }),
    node("Tanh", ["n"], "t"),
    node("Concat", ["t", "t"], "twice", { axis: int(1) }),
    node("Concat", ["x", "n"], "with", { axis: int(1) }),
    node("Reshape", ["t", "long"], "flat"),
    node("Slice", ["flat", "from", "to"], "tail"),
    { op: "Split", inputs: ["outer"], outputs: ["p", "q"], attributes: { axis: int(1) } },
    node("Concat", ["q", "p"], "again", { axis: int(1) }),
    node("Slice", ["x", "ones", "threes"], "slice"),
    node("Abs", ["slice"], "abs"),
    node("Sqrt", ["abs"], "root"),
    node("Concat", ["abs", "root"], "odd", { axis: int(1) }),
  ],
  {
    v: weights(2, 8, 8, 1, 1),
    long: i64Tensor([2], [2, -1]),
    from: i64Tensor([1], [1]),
    to: i64Tensor([1], [2]),
    ones: i64Tensor([4], [0, 1, 1, 1]),
    threes: i64Tensor([4], [1, 4, 4, 4]),
  },
);

/** A weight that is packed, and seen otherwise by who wants it as it is. */
const seenTwice = graph(
  [3, 64],
  ["y", "u", "z"],
  [
    node("MatMul", ["x", "w"], "y"),
    node("Reshape", ["w", "other"], "u"),
    node("Identity", ["w"], "same"),
    node("MatMul", ["x", "same"], "h"),
    node("Neg", ["h"], "z"),
  ],
  { w: weights(8, 64, 80), other: i64Tensor([2], [80, 64]) },
);

/** Axes, shapes and bounds are constants of the graphs above. */
const CONSTANTS: Readonly<Record<string, Tensor>> = {
  w: weights(6, 32, 32),
  heads: i64Tensor([4], [2, 6, 4, 8]),
  whole: i64Tensor([3], [2, 6, 32]),
  from: i64Tensor([3], [1, 2, 0]),
  to: i64Tensor([3], [5, 14, 2]),
};

const image = (): World => {
  const model = resnetModel({ size: 12, channels: [4, 8], blocks: 1, classes: 5 });
  return { model, inputs: new Map([["image", normals("f32", [1, 3, 12, 12], 1)]]) };
};
const sentence = (): World => {
  const model = transformerModel({ layers: 2, d: 32, heads: 2, sequence: 9 });
  return { model, inputs: new Map([["x", normals("f32", [1, 9, 32], 2)]]) };
};
const series = (): World => {
  const model = recurrentModel({ features: 6, hidden: 8, classes: 4, steps: 5 });
  return { model, inputs: new Map([["x", normals("f32", [5, 1, 6], 3)]]) };
};
const anyGraph = (seed: number): World => {
  const { model, inputs } = randomGraph(seed);
  return { model, inputs: new Map(Object.entries(inputs)) };
};

const WORLDS: readonly (readonly [string, World])[] = [
  ["a residual network", image()],
  ["a transformer", sentence()],
  ["a recurrent network", series()],
  ["moves", withWeights(moves, CONSTANTS)],
  ["places in each other", neighbours],
  ["a weight seen twice", seenTwice],
  ["ends of convolutions", finishes],
  ["ends of convolutions, on edge values", edgy(finishes)],
  ["the graph of the disputes", toy("layer")],
  ...(LONG ? [1, 2, 3, 4, 5, 6] : [1, 2]).map(
    (seed) => [`random graph ${seed}`, anyGraph(seed)] as const,
  ),
];

function withWeights({ model, inputs }: World, more: Readonly<Record<string, Tensor>>): World {
  return {
    inputs,
    model: { ...model, weights: new Map([...model.weights, ...Object.entries(more)]) },
  };
}

function edgy({ model, inputs }: World): World {
  return {
    model,
    inputs: new Map([...inputs].map(([name, { dims }]) => [name, wild("f32", dims, 7)])),
  };
}

const natives = nativeHere() === undefined ? [] : LONG ? [1, 2, 3] : [1, 2];
const MACHINES: readonly (readonly [string, () => Machine])[] = [
  ...(LONG ? [1, 2, 3] : [1, 3]).map(
    (n) => [`wasm, ${n} threads`, () => new WasmMachine(n)] as const,
  ),
  ...natives.map((n) => [`native, ${n} threads`, () => new NativeMachine(n)] as const),
];

async function outputsOf({ model, inputs }: World, plan: Plan, machine: Machine, fuse: Fuse) {
  const session = await Session.open(plan, model.weights, machine, { fuse });
  try {
    session.setInputs(plan.inputs.map((v) => inputs.get(v.name) as Tensor));
    session.runNodes(0, plan.nodes.length);
    const outputs = plan.outputs.map((v) => Buffer.from(session.bytes(v.value)).toString("hex"));
    return { outputs, calls: session.layout.calls.length };
  } finally {
    await session.close();
  }
}

function told({ model, inputs }: World) {
  const plan = planFor(model, inputs);
  return { plan, operators: plan.nodes.map((n) => n.operator) };
}

describe.each(WORLDS)("%s, fused", (_, world) => {
  const plan = planFor(world.model, world.inputs);

  it("gives the outputs of its operators one by one", async () => {
    const literal = await outputsOf(world, plan, new InterpreterMachine(), "nothing");
    for (const fuse of ["segments", "run"] as const) {
      const composed = await outputsOf(world, plan, new InterpreterMachine(), fuse);
      expect(composed.outputs).toEqual(literal.outputs);
      for (const [name, machine] of MACHINES) {
        const { outputs } = await outputsOf(world, plan, machine(), fuse);
        expect({ name, outputs }).toEqual({ name, outputs: literal.outputs });
      }
    }
  });

  it("gives the receipt of its operators one by one", async () => {
    const digest = modelDigest(nodeHasher, world.model);
    const key = new Uint8Array(32).fill(3);
    const request = { ...world, digest, hasher: nodeHasher, key };
    const { signed } = await runModel({ ...request, machine: new InterpreterMachine() });
    for (const [, machine] of MACHINES) {
      expect((await runModel({ ...request, machine: machine() })).signed).toEqual(signed);
    }
  });
});

describe("a fused session", () => {
  const world = sentence();
  const plan = planFor(world.model, world.inputs);

  test("makes fewer calls, takes less room and keeps only what leaves a segment", async () => {
    const { weights } = world.model;
    const whole = await Session.open(plan, weights, new WasmMachine(1), { fuse: "nothing" });
    const fused = await Session.open(plan, weights, new WasmMachine(1));
    expect(fused.layout.calls.length).toBeLessThan(0.8 * whole.layout.calls.length);
    expect(fused.layout.activationBytes).toBeLessThanOrEqual(whole.layout.activationBytes);
    for (const { live } of plan.segments) for (const v of live) fused.bytes(v);
    const gone = plan.nodes
      .flatMap((n) => n.outputs)
      .filter((v) => fused.layout.offsets[v] === undefined);
    expect(gone.length).toBeGreaterThan(10);
    expect(() => fused.bytes(gone[0] as number)).toThrow(/is not kept/);
    await whole.close();
    await fused.close();
  });

  test("makes the parts of a concatenation in their places", () => {
    const { plan: whole, operators } = told(neighbours);
    const { calls, offsets } = layoutPlan(whole, { fuse: "run" });
    const count = calls.filter((c) => c.nodes?.some((n) => operators[n] === "Concat")).length;
    // Of six, those stay that repeat a tensor, hold an input or have parts that begin in between.
    expect(count).toBe(4);
    const at = (name: string) => offsets[whole.values.findIndex((v) => v.name === name)] as number;
    expect(at("r")).toBe(at("outer"));
    expect(at("e") - at("r")).toBe(4 * 8 * 16);
    expect(at("n") - at("outer")).toBe(4 * 16 * 16);
    expect(at("flat")).toBe(at("t"));
    expect(at("tail") - at("flat")).toBe(4 * 8 * 16);
  });

  test("is not fused where somebody looks into segments", async () => {
    const session = await Session.open(plan, world.model.weights, new WasmMachine(1), {
      fuse: "run",
      keepUntil: keepSegments(plan),
    });
    for (const v of plan.nodes.flatMap((n) => n.outputs)) session.bytes(v);
    await session.close();
  });
});
