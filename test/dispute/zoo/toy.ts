import {
  type AttributeValue,
  f32Tensor,
  i64Tensor,
  type Tensor,
  type TensorType,
} from "../../../operators/index.js";
import { bind } from "../../../src/graph/bind.js";
import type { Granularity, Plan } from "../../../src/graph/plan.js";
import type { GraphNode, Model } from "../../../src/graph/types.js";

/**
 * A small graph with everything a dispute can meet: values that are carried through segments, dead
 * and inner results, an operator with two outputs, inputs read late, a weight read twice, uniform
 * and other constants, a steering input, and outputs that are an early result, an input, a weight
 * and a constant.
 */
export interface Toy {
  readonly model: Model;
  readonly plan: Plan;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

type Attribute = readonly [string, AttributeValue];

function node(
  operator: string,
  version: number,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Attribute[] = [],
): GraphNode {
  return {
    name: `/${outputs[0]}/${operator}`,
    domain: "",
    operator,
    version,
    attributes: new Map(attributes),
    inputs,
    outputs,
  };
}

/** Values that no rounding makes equal by accident. */
export function noise(count: number, seed: number): number[] {
  let state = seed * 2654435761 + 12345;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const matrix = (dims: readonly number[], seed: number): Tensor =>
  f32Tensor(
    dims,
    noise(
      dims.reduce((n, d) => n * d, 1),
      seed,
    ),
  );

const info = (name: string, { dtype, dims }: TensorType) => ({ name, dtype, dims });
const int = (value: number): AttributeValue => ({ kind: "int", value: BigInt(value) });
const tensor = (value: Tensor): AttributeValue => ({ kind: "tensor", value });

const NODES: readonly GraphNode[] = [
  node("MatMul", 13, ["x", "w1"], ["h0"]),
  node("Add", 14, ["h0", "b"], ["h1"]),
  node("Relu", 14, ["h1"], ["h2"]),
  node("Dropout", 12, ["h2"], ["h3", "mask"]),
  node("MatMul", 13, ["h3", "w2"], ["h4"]),
  node("Add", 14, ["h4", "x"], ["h5"]),
  node("Split", 11, ["h5"], ["s0", "s1"], [["axis", int(1)]]),
  node("Mul", 14, ["s0", "s1"], ["h7"]),
  node("Sub", 14, ["s1", "s0"], ["h8"]),
  node("MatMul", 13, ["h7", "w3"], ["h9"]),
  node("MatMul", 13, ["h8", "w3"], ["h10"]),
  node("Add", 14, ["h9", "h10"], ["h11"]),
  node("ConstantOfShape", 9, ["sizes"], ["c0"], [["value", tensor(f32Tensor([1], [1.5]))]]),
  node("Mul", 14, ["h11", "c0"], ["h12"]),
  node("Constant", 13, [], ["c1"], [["value", tensor(matrix([2, 8], 9))]]),
  node("Add", 14, ["h12", "c1"], ["h13"]),
  node("Add", 14, ["h13", "h2"], ["h14"]),
  node("Reshape", 14, ["h14", "shape"], ["h15"]),
  node("Softmax", 13, ["h15"], ["h16"]),
  node("MatMul", 13, ["h16", "y"], ["out"]),
];

export function toy(granularity: Granularity = "layer"): Toy {
  const inputs = new Map<string, Tensor>([
    ["x", matrix([2, 8], 1)],
    ["y", matrix([4, 3], 2)],
    ["shape", i64Tensor([2], [4, 4])],
  ]);
  const weights = new Map<string, Tensor>([
    ["w1", matrix([8, 8], 3)],
    ["b", matrix([8], 4)],
    ["w2", matrix([8, 8], 5)],
    ["w3", matrix([4, 8], 6)],
    ["sizes", i64Tensor([2], [2, 8])],
  ]);
  const shapes: Record<string, TensorType> = {
    out: { dtype: "f32", dims: [4, 3] },
    h2: { dtype: "f32", dims: [2, 8] },
    x: { dtype: "f32", dims: [2, 8] },
    b: { dtype: "f32", dims: [8] },
    c0: { dtype: "f32", dims: [2, 8] },
  };
  const model: Model = {
    graph: {
      name: "toy",
      inputs: [...inputs].map(([name, t]) => info(name, t)),
      outputs: Object.entries(shapes).map(([name, t]) => info(name, t)),
      nodes: NODES,
    },
    weights,
  };
  return { model, plan: bind(model, { types: inputs, values: inputs, granularity }), inputs };
}

/** A graph of one node over the given tensors, all graph inputs but the second. */
export function oneNode(
  operator: string,
  version: number,
  tensors: readonly Tensor[],
  attributes: readonly Attribute[],
  outputs: readonly Tensor["dtype"][],
  { name }: { readonly name?: string } = {},
): Toy {
  const names = tensors.map((_, i) => `x${i}`);
  const named = tensors.map((t, i): [string, Tensor] => [`x${i}`, t]);
  const inputs = new Map(named.filter((_, i) => i !== 1));
  const results = outputs.map((dtype, i) => ({ name: `y${i}`, dtype, dims: null }));
  const made = node(
    operator,
    version,
    names,
    results.map((r) => r.name),
    attributes,
  );
  const model: Model = {
    graph: {
      name: "one",
      inputs: [...inputs].map(([name, t]) => info(name, t)),
      outputs: results,
      nodes: [{ ...made, ...(name ? { name } : {}) }],
    },
    weights: new Map(named.filter((_, i) => i === 1)),
  };
  return { model, plan: bind(model, { types: inputs, granularity: "layer" }), inputs };
}

/** A chain of `length` additions, one operator a segment: for traces of many leaves. */
export function chain(length: number): Toy {
  const inputs = new Map<string, Tensor>([["v0", matrix([3], 7)]]);
  const weights = new Map<string, Tensor>([["w", matrix([3], 8)]]);
  const model: Model = {
    graph: {
      name: "chain",
      inputs: [info("v0", { dtype: "f32", dims: [3] })],
      outputs: [info(`v${length}`, { dtype: "f32", dims: [3] })],
      nodes: Array.from({ length }, (_, i) => node("Add", 14, [`v${i}`, "w"], [`v${i + 1}`])),
    },
    weights,
  };
  return { model, plan: bind(model, { types: inputs, granularity: "operator" }), inputs };
}
