import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { f32Tensor, i64Tensor, type Tensor } from "../../operators/index.js";
import { writeOnnx } from "../../src/onnx/write.js";
import {
  int,
  ints,
  modelOf,
  type NodeSpec,
  type SubgraphSpec,
  subgraph,
} from "../support/graphs.js";

/** Models to damage. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Larger ones take long to damage and are no different. */
const LARGEST = 32 * 1024;

/** Published models below a folder, by path. */
export function publishedSeeds(folder: string): Seed[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".onnx") && statSync(join(folder, name)).size <= LARGEST)
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }));
}

const node = (
  op: string,
  inputs: string[],
  output: string,
  attributes: NodeSpec["attributes"] = {},
): NodeSpec => {
  return { op, inputs, outputs: [output], attributes };
};

const opsets = new Map([["", 20]]);
const x = { name: "x", dims: ["n", 4] };
const trips = { name: "trips", dtype: "i64" as const, dims: [] };
const chosen = { name: "chosen", dtype: "bool" as const, dims: [1] };

const accumulate: SubgraphSpec = {
  inputs: ["i", "c", "s"],
  outputs: ["c", "t", "t"],
  nodes: [node("MatMul", ["s", "w"], "m"), node("Add", ["m", "x"], "t")],
  weights: { w: "hidden" },
};
const loop: NodeSpec = {
  op: "Loop",
  inputs: ["trips", "", "x"],
  outputs: ["l", "all"],
  attributes: { body: subgraph(accumulate) },
};
const scan: NodeSpec = {
  op: "Scan",
  inputs: ["first", "x"],
  outputs: ["state", "y"],
  attributes: {
    num_scan_inputs: int(1),
    scan_input_directions: ints(1),
    scan_output_axes: ints(-1),
    body: subgraph({
      inputs: ["s", "e"],
      outputs: ["a", "a"],
      nodes: [node("Add", ["s", "e"], "a")],
    }),
  },
};
const branch: NodeSpec = {
  op: "If",
  inputs: ["chosen"],
  outputs: ["y"],
  attributes: {
    then_branch: subgraph({ outputs: ["l"], nodes: [loop] }),
    else_branch: subgraph({ outputs: ["r"], nodes: [node("Relu", ["x"], "r")] }),
  },
};
const shapes: readonly NodeSpec[] = [
  node("Shape", ["x"], "s"),
  node("Gather", ["s", "zero"], "n"),
  node("Concat", ["n", "four"], "target", { axis: int(0) }),
  node("Reshape", ["x", "target"], "r"),
  node("Slice", ["r", "zero", "four", "zero"], "part"),
  node("Softmax", ["part"], "y", { axis: int(-1) }),
];
const weights: Readonly<Record<string, Tensor>> = {
  hidden: f32Tensor([4, 4], new Float32Array(16).fill(0.5)),
};

/** How many they are; a corpus begins with them. */
export const OURS = 4;

/** Small models of our own: what a published one rarely has. */
export function generatedSeeds(): Seed[] {
  const shapeWeights = { zero: i64Tensor([1], [0]), four: i64Tensor([1], [4]) };
  const first = { first: f32Tensor([4], [1, 2, 3, 4]) };
  const models = {
    loop: modelOf({ inputs: [x, trips], outputs: ["l", "all"], nodes: [loop], weights }),
    scan: modelOf({ inputs: [x], outputs: ["y", "state"], nodes: [scan], weights: first }),
    branch: modelOf({ inputs: [x, trips, chosen], outputs: ["y"], nodes: [branch], weights }),
    shapes: modelOf({ inputs: [x], outputs: ["y"], nodes: shapes, weights: shapeWeights }),
  };
  return Object.entries(models).map(([name, model]) => {
    return { name: `generated/${name}`, bytes: writeOnnx(model, { opsets, producer: "fuzz" }) };
  });
}
