import fc from "fast-check";
import { describe, test } from "vitest";
import { resnetModel } from "../../fixtures/builders/resnet.js";
import { imageTensor } from "../../fixtures/digits/network.js";
import type { DType, Machine, Tensor } from "../../operators/index.js";
import type { Model } from "../../src/graph/types.js";
import { importOnnx } from "../../src/onnx/import.js";
import { fixture, fixtureJson } from "../fixtures/files.js";
import { int, ints, modelOf, type NodeSpec } from "../support/graphs.js";
import { MACHINES, outputsOf, single } from "./machines.js";
import { holds, seeds } from "./property.js";
import { chunksOf, expectSame, joined, normals, part, wild } from "./tensors.js";

/**
 * What a row gives does not depend on the rows that stand beside it: a batch gives the bits of its
 * rows one by one, and of any groups of them. Rows are along axis 0.
 */
interface Batched {
  readonly name: string;
  readonly model: Model;
  readonly input: string;
  /** Dims of one row, and dtype. */
  readonly row: readonly number[];
  readonly dtype?: DType;
}

const graph = (
  name: string,
  row: readonly number[],
  nodes: readonly NodeSpec[],
  weights: Record<string, Tensor> = {},
  dtype: DType = "f32",
): Batched => ({
  name,
  model: modelOf({
    inputs: [{ name: "x", dtype, dims: ["batch", ...row] }],
    outputs: ["y"],
    nodes,
    weights,
  }),
  input: "x",
  row,
  dtype,
});

const node = (
  op: string,
  inputs: readonly string[],
  output = "y",
  attributes: NonNullable<NodeSpec["attributes"]> = {},
): NodeSpec => ({ op, inputs, outputs: [output], attributes });

/** The transformer fixture takes one sequence; nothing in it but its declared dims says so. */
function batchedTransformer(): Model {
  const model = importOnnx(fixture("transformer/model.onnx"));
  const inputs = model.graph.inputs.map((v) => ({ ...v, dims: ["batch", 9, 32] }));
  const outputs = model.graph.outputs.map((v) => ({ ...v, dims: null }));
  return { ...model, graph: { ...model.graph, inputs, outputs } };
}

const SMALL_RESNET = { size: 10, channels: [5, 7], blocks: 1, classes: 3, batch: "batch" };

const CASES: readonly Batched[] = [
  {
    name: "transformer block",
    model: batchedTransformer(),
    input: "x",
    row: [9, 32],
  },
  { name: "residual network", model: resnetModel(SMALL_RESNET), input: "image", row: [3, 10, 10] },
  graph("MatMul, rows of one product", [37], [node("MatMul", ["x", "w"])], {
    w: normals("f32", [37, 19], 1),
  }),
  graph("MatMul, products side by side", [5, 7], [node("MatMul", ["x", "w"])], {
    w: normals("f32", [7, 33], 2),
  }),
  graph(
    "MatMul of a row with itself",
    [6, 11],
    [node("Transpose", ["x"], "t", { perm: ints(0, 2, 1) }), node("MatMul", ["x", "t"])],
  ),
  graph("Gemm", [23], [node("Gemm", ["x", "w", "c"], "y", { transB: int(1) })], {
    w: normals("f32", [9, 23], 3),
    c: normals("f32", [9], 4),
  }),
  graph(
    "Conv and pools",
    [4, 9, 8],
    [
      node("Conv", ["x", "w", "b"], "c", { pads: ints(1, 1, 1, 1), group: int(2) }),
      node("MaxPool", ["c"], "m", { kernel_shape: ints(2, 2) }),
      node("AveragePool", ["m"], "a", { kernel_shape: ints(3, 2), strides: ints(2, 1) }),
      node("GlobalAveragePool", ["a"]),
    ],
    { w: normals("f32", [6, 2, 3, 3], 5), b: normals("f32", [6], 6) },
  ),
  graph(
    "norms and Softmax",
    [3, 45],
    [
      node("LayerNormalization", ["x", "s", "b"], "n"),
      node("InstanceNormalization", ["n", "s3", "b3"], "i"),
      node("Softmax", ["i"], "p"),
      node("Gelu", ["p"], "g"),
      node("Add", ["g", "p"]),
    ],
    {
      s: normals("f32", [45], 7),
      b: normals("f32", [45], 8),
      s3: normals("f32", [3], 9),
      b3: normals("f32", [3], 10),
    },
  ),
  graph(
    "MatMul in f16",
    [40],
    [node("MatMul", ["x", "w"])],
    { w: normals("f16", [40, 17], 11) },
    "f16",
  ),
  graph("Softmax in bf16", [5, 33], [node("Softmax", ["x"])], {}, "bf16"),
];

/** Groups of rows on one WebAssembly thread against all rows at once on a machine of choice. */
async function expectRowsAlone(
  { model, input }: Pick<Batched, "model" | "input">,
  x: Tensor,
  groups: readonly (readonly [number, number])[],
  machine: () => Machine,
): Promise<void> {
  const whole = await outputsOf(model, { [input]: x }, machine());
  for (const [from, to] of groups) {
    const alone = await outputsOf(model, { [input]: part(x, 0, from, to) }, single());
    for (const [name, y] of whole) expectSame(alone.get(name), part(y, 0, from, to));
  }
}

describe.each(MACHINES)("on the %s, a batch gives the bits of its rows", (_, machine) => {
  test.each(CASES)("$name", async (batched) => {
    const { row: dims, dtype = "f32" } = batched;
    const cases = fc.record({
      rows: fc.integer({ min: 2, max: 9 }),
      cuts: fc.array(fc.nat(8), { maxLength: 2 }),
      seed: seeds,
      fill: fc.constantFrom(normals, wild),
    });
    await holds(3, cases, async ({ rows, cuts, seed, fill }) => {
      const x = fill(dtype, [rows, ...dims], seed);
      const row = seed % rows;
      await expectRowsAlone(batched, x, [...chunksOf(rows, cuts), [row, row + 1]], machine);
    });
  });
});

describe("the digits", () => {
  const { digits } = fixtureJson<{ digits: { pixels: string }[] }>("digits/digits.json");
  const model = importOnnx(fixture("digits/model.onnx"));
  const images = digits.map((d) => imageTensor([Uint8Array.from(Buffer.from(d.pixels, "hex"))]));

  test.each(MACHINES)("%s: in batches", async (name, machine) => {
    for (const size of name === "interpreter" ? [2, 5] : [2, 7, images.length]) {
      const x = joined(0, images.slice(0, size));
      const groups = chunksOf(size, [1, 2, size - 1]);
      await expectRowsAlone({ model, input: "image" }, x, groups, machine);
    }
  });

  test("their order in a batch does not matter", async () => {
    const shuffles = fc.shuffledSubarray([...images.keys()].slice(0, 12), { minLength: 5 });
    await holds(5, shuffles, async (order) => {
      const inOrder = [...order].sort((a, b) => a - b);
      const batch = async (rows: readonly number[]): Promise<Tensor> => {
        const x = joined(
          0,
          rows.map((i) => images[i] as Tensor),
        );
        const [y] = (await outputsOf(model, { image: x }, single())).values();
        return y as Tensor;
      };
      const [shuffled, sorted] = [await batch(order), await batch(inOrder)];
      order.forEach((digit, at) => {
        const home = inOrder.indexOf(digit);
        expectSame(part(shuffled, 0, at, at + 1), part(sorted, 0, home, home + 1));
      });
    });
  });
});
