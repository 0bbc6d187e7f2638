import { Random } from "../../fixtures/builders/random.js";
import type { Tensor } from "../../operators/index.js";
import type { Model } from "../../src/graph/types.js";
import { modelOf, type NodeSpec } from "../support/graphs.js";
import type { Inputs } from "./machines.js";
import { normals } from "./tensors.js";

const ROWS = 5;
const WIDTH = 37;

/** Operators of one tensor [5, 37] that give such a tensor again; `w*` are weights. */
const UNARY: readonly (readonly [string, ...string[]])[] = [
  ["Tanh"],
  ["Softmax"],
  ["Gelu"],
  ["Abs"],
  ["LayerNormalization", "w_scale"],
  ["MatMul", "w_square"],
  ["Mul", "w_scale"],
];
const BINARY = ["Add", "Sub", "Mul", "Max", "Min"] as const;

/**
 * A graph of 8 to 40 operators from a seed, each of which reads any earlier tensors; what nobody
 * reads is an output, and so are some others.
 */
export function randomGraph(seed: number): { model: Model; inputs: Inputs } {
  const random = new Random(seed, 9);
  const known = ["x", "y"];
  const unread = new Set<string>();
  const nodes: NodeSpec[] = [];
  const count = 8 + random.below(33);
  const read = (): string => {
    const name = random.pick(known);
    unread.delete(name);
    return name;
  };
  for (let i = 0; i < count; i++) {
    const [op, inputs] = nextOperator(random, read);
    const output = `t${i}`;
    nodes.push({ op, inputs, outputs: [output], name: `n${i}` });
    known.push(output);
    unread.add(output);
  }
  const also = known.slice(2).filter((name) => !unread.has(name) && random.below(6) === 0);
  const input = (name: string) => ({ name, dims: [ROWS, WIDTH] });
  return {
    model: modelOf({
      inputs: [input("x"), input("y")],
      outputs: [...unread, ...also],
      nodes,
      weights: weightsOf(seed),
    }),
    inputs: {
      x: normals("f32", [ROWS, WIDTH], seed),
      y: normals("f32", [ROWS, WIDTH], seed + 1),
    },
  };
}

function nextOperator(random: Random, read: () => string): [string, string[]] {
  if (random.below(2) === 0) return [random.pick(BINARY), [read(), read()]];
  const [op, ...weights] = random.pick(UNARY);
  return [op, [read(), ...weights]];
}

function weightsOf(seed: number): Record<string, Tensor> {
  return {
    w_scale: normals("f32", [WIDTH], seed + 2),
    w_square: normals("f32", [WIDTH, WIDTH], seed + 3),
  };
}
