import { describe, expect, test } from "vitest";
import {
  type DType,
  f32Tensor,
  InterpreterMachine,
  runProgram,
  type Tensor,
} from "../../operators/index.js";
import type { Run } from "../../src/execute/run-model.js";
import type { Granularity } from "../../src/graph/plan.js";
import { importOnnx } from "../../src/onnx/import.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { interpreterRunner } from "../../src/verify/recompute.js";
import { type GraphSpec, int, ints, modelOf, type NodeSpec } from "../support/graphs.js";
import { moderate } from "../support/reference.js";
import { lowerNode } from "../support/run-definition.js";
import { tensorFrom } from "../support/tensors.js";
import { dispute, expectConvicted, replay, run, type World, worldOf } from "./world.js";

/** One small graph per dtype, from the bytes of a file to a verdict about a corrupted run. */

const OPSET = 24;

const size = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

/** Floats of a dtype, rounded to it once. */
function floats(dtype: DType, dims: readonly number[], seed: number): Tensor {
  const values = moderate(size(dims), seed);
  return tensorFrom(dtype, dims, values);
}

/** The model as a file and back, on the given inputs in the order of the graph's. */
function worldFor(spec: GraphSpec, ...inputs: Tensor[]): World {
  const model = modelOf(spec, OPSET);
  const file = writeOnnx(model, { opsets: new Map([["", OPSET]]), producer: "test" });
  return worldOf(importOnnx(file), ...inputs);
}

/** Convolution, norm, attention, matrix products and softmax: for the floats that functions have. */
function transformer(dtype: DType): World {
  const weight = (dims: readonly number[], seed: number): Tensor => floats(dtype, dims, seed);
  return worldFor(
    {
      inputs: [{ name: "x", dtype, dims: [1, 2, 4, 4] }],
      outputs: [{ name: "y", dtype }],
      nodes: [
        {
          op: "Conv",
          inputs: ["x", "kernel", "bias"],
          outputs: ["c"],
          attributes: { pads: ints(1, 1, 1, 1) },
        },
        {
          op: "GroupNormalization",
          inputs: ["c", "gamma", "beta"],
          outputs: ["g"],
          attributes: { num_groups: int(2) },
        },
        { op: "Reshape", inputs: ["g", "tokens"], outputs: ["t"] },
        { op: "LayerNormalization", inputs: ["t", "scale"], outputs: ["n"] },
        {
          op: "Attention",
          inputs: ["n", "n", "t"],
          outputs: ["a"],
          attributes: { q_num_heads: int(2), kv_num_heads: int(2), is_causal: int(1) },
        },
        { op: "Reshape", inputs: ["a", "flat"], outputs: ["f"] },
        { op: "Gemm", inputs: ["f", "w1", "b1"], outputs: ["h"], attributes: { transB: int(1) } },
        { op: "Gelu", inputs: ["h"], outputs: ["e"] },
        { op: "MatMul", inputs: ["e", "w2"], outputs: ["l"] },
        { op: "Softmax", inputs: ["l"], outputs: ["y"] },
      ],
      weights: {
        kernel: weight([4, 2, 3, 3], 2),
        bias: weight([4], 3),
        gamma: weight([4], 4),
        beta: weight([4], 5),
        scale: weight([8], 6),
        w1: weight([6, 8], 7),
        b1: weight([6], 8),
        w2: weight([6, 5], 9),
        tokens: tensorFrom("i64", [3], [1, 8, 8]),
        flat: tensorFrom("i64", [2], [8, 8]),
      },
    },
    floats(dtype, [1, 2, 4, 4], 1),
  );
}

/** What f64 has: + − × ÷ √ and comparisons, folds included. */
function arithmetic(): World {
  const dtype = "f64";
  const nodes: NodeSpec[] = [
    {
      op: "Conv",
      inputs: ["x", "kernel"],
      outputs: ["c"],
      attributes: { pads: ints(1, 1, 1, 1) },
    },
    {
      op: "AveragePool",
      inputs: ["c"],
      outputs: ["p"],
      attributes: { kernel_shape: ints(2, 2), strides: ints(2, 2) },
    },
    { op: "Reshape", inputs: ["p", "shape"], outputs: ["r"] },
    { op: "Gemm", inputs: ["r", "w1", "b1"], outputs: ["h"] },
    { op: "LeakyRelu", inputs: ["h"], outputs: ["e"] },
    { op: "MatMul", inputs: ["e", "w2"], outputs: ["l"] },
    { op: "ReduceMean", inputs: ["l", "axes"], outputs: ["m"] },
    { op: "Sub", inputs: ["l", "m"], outputs: ["d"] },
    { op: "ReduceL2", inputs: ["d", "axes"], outputs: ["s"] },
    { op: "Div", inputs: ["d", "s"], outputs: ["n"] },
    { op: "Greater", inputs: ["n", "m"], outputs: ["above"] },
    { op: "Where", inputs: ["above", "n", "d"], outputs: ["y"] },
  ];
  return worldFor(
    {
      inputs: [{ name: "x", dtype, dims: [1, 2, 4, 4] }],
      outputs: [{ name: "y", dtype }],
      nodes,
      weights: {
        kernel: floats(dtype, [4, 2, 3, 3], 2),
        w1: floats(dtype, [4, 6], 3),
        b1: floats(dtype, [6], 4),
        w2: floats(dtype, [6, 5], 5),
        shape: tensorFrom("i64", [2], [4, 4]),
        axes: tensorFrom("i64", [1], [-1]),
      },
    },
    floats(dtype, [1, 2, 4, 4], 1),
  );
}

/** Elements all over a dtype's range. */
function integers(dtype: DType, dims: readonly number[], seed: number): Tensor {
  const bytes = Uint8Array.from({ length: size(dims) * 8 }, (_, i) => (i * 167 + seed * 31) % 251);
  const t = tensorFrom(dtype, dims, []);
  const isBool = dtype === "bool";
  for (let i = 0; i < t.bytes.length; i++) t.bytes[i] = (bytes[i] as number) & (isBool ? 1 : 255);
  return t;
}

/** Maps, comparisons, index work, and casts to and from f32. */
function integral(dtype: DType): World {
  const chain: NodeSpec[] =
    dtype === "bool"
      ? [
          { op: "Xor", inputs: ["x", "w"], outputs: ["p"] },
          { op: "Not", inputs: ["p"], outputs: ["q"] },
          { op: "Equal", inputs: ["q", "x"], outputs: ["less"] },
        ]
      : [
          { op: "Mul", inputs: ["x", "w"], outputs: ["p"] },
          { op: "Max", inputs: ["p", "x"], outputs: ["q"] },
          { op: "Less", inputs: ["q", "w"], outputs: ["less"] },
        ];
  const float: NodeSpec[] = [
    { op: "Cast", inputs: ["x"], outputs: ["f"], attributes: { to: int(1) } },
    { op: "Mul", inputs: ["f", "half"], outputs: ["g"] },
    { op: "CastLike", inputs: ["g", "x"], outputs: ["h"] },
  ];
  return worldFor(
    {
      inputs: [{ name: "x", dtype, dims: [3, 5] }],
      outputs: [{ name: "y", dtype }],
      nodes: [
        ...chain,
        ...float,
        { op: "Where", inputs: ["less", "q", "h"], outputs: ["c"] },
        { op: "Transpose", inputs: ["c"], outputs: ["t"] },
        { op: "Concat", inputs: ["t", "u"], outputs: ["y"], attributes: { axis: int(0) } },
      ],
      weights: {
        w: integers(dtype, [3, 5], 2),
        u: integers(dtype, [2, 3], 3),
        half: f32Tensor([], [0.5]),
      },
    },
    integers(dtype, [3, 5], 1),
  );
}

/** Both ways of quantised inference: scales known, and scales measured. */
function quantised(): World {
  const scale = (value: number): Tensor => f32Tensor([], [value]);
  return worldFor(
    {
      inputs: [{ name: "x", dims: [1, 2, 6, 6] }],
      outputs: ["y"],
      nodes: [
        { op: "QuantizeLinear", inputs: ["x", "sx", "zx"], outputs: ["q"] },
        {
          op: "QLinearConv",
          inputs: ["q", "sx", "zx", "w", "sw", "zw", "sy", "zy", "bias"],
          outputs: ["c"],
          attributes: { pads: ints(1, 1, 1, 1) },
        },
        { op: "DequantizeLinear", inputs: ["c", "sy", "zy"], outputs: ["d"] },
        { op: "Reshape", inputs: ["d", "shape"], outputs: ["r"] },
        { op: "DynamicQuantizeLinear", inputs: ["r"], outputs: ["a", "as", "az"] },
        { op: "MatMulInteger", inputs: ["a", "b", "az", "zb"], outputs: ["i"] },
        { op: "Cast", inputs: ["i"], outputs: ["f"], attributes: { to: int(1) } },
        { op: "Mul", inputs: ["f", "as"], outputs: ["y"] },
      ],
      weights: {
        sx: scale(0.02),
        zx: tensorFrom("u8", [], [128]),
        w: integers("i8", [4, 2, 3, 3], 1),
        sw: f32Tensor([4], [0.01, 0.02, 0.03, 0.04]),
        zw: tensorFrom("i8", [4], [0, 1, -1, 2]),
        sy: scale(0.5),
        zy: tensorFrom("u8", [], [100]),
        bias: tensorFrom("i32", [4], [5, -5, 50, 0]),
        shape: tensorFrom("i64", [2], [8, 18]),
        b: integers("i8", [18, 5], 2),
        zb: tensorFrom("i8", [5], [0, 1, 2, 3, -4]),
      },
    },
    f32Tensor([1, 2, 6, 6], moderate(72, 3)),
  );
}

const WORLDS: readonly (readonly [string, () => World])[] = [
  ["f32", () => transformer("f32")],
  ["f16", () => transformer("f16")],
  ["bf16", () => transformer("bf16")],
  ["f64", arithmetic],
  ...(["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "bool"] as const).map(
    (dtype) => [dtype, () => integral(dtype)] as const,
  ),
  ["quantised", quantised],
];

describe.each(WORLDS)("%s", (_, make) => {
  const world = make();
  const interpreter = (): InterpreterMachine => new InterpreterMachine();

  test.each<Granularity>(["layer", "operator"])(
    "one receipt on both backends, %s granularity",
    async (granularity) => {
      const honest = await run(world, { granularity });
      const interpreted = await run(world, { granularity, machine: interpreter() });
      expect(interpreted.signed).toEqual(honest.signed);
      expect(interpreted.outputs).toEqual(honest.outputs);
      expect((await replay(world, honest, interpreter())).outcome).toBe("verified");
    },
  );

  test("a corrupted run is refuted and convicted, on either backend", async () => {
    const granularity = "operator";
    const honest = await run(world, { granularity });
    const last = honest.plan.nodes.length - 1;
    const drills = await Promise.all(
      [1, last >> 1, last].map((node) => run(world, { granularity, corruption: { node } })),
    );
    const [early, middle, late] = drills as [Run, Run, Run];
    expect((await replay(world, middle)).outcome).toBe("refuted");
    expectConvicted(await dispute(world, honest, early), early);
    const slow = { machine: interpreter, referee: interpreterRunner };
    expectConvicted(await dispute(world, honest, middle, slow), middle);
    expectConvicted(await dispute(world, honest, late), late);
  });
});

describe("f16 and bf16", () => {
  test.each(["f16", "bf16"] as const)("%s: f32 inside, rounded once at the output", (dtype) => {
    const x = tensorFrom(dtype, [1, 4], [256, 1, 1, 1]);
    const ones = tensorFrom(dtype, [4, 1], [1, 1, 1, 1]);
    const { stages } = lowerNode({ operator: "MatMul", version: 13, inputs: [x, ones] });
    const y = runProgram(stages[0]?.program as NonNullable<(typeof stages)[0]>["program"], [
      x,
      ones,
    ]);
    // Rounded at each step, bf16 would stay at 256; once, it is the even neighbour of 259, 260.
    expect(y).toEqual(tensorFrom(dtype, [1, 1], [259]));
  });
});

test("f64 functions are refused by name, all at once", async () => {
  const world = () =>
    worldFor(
      {
        inputs: [{ name: "x", dtype: "f64", dims: [2, 8] }],
        outputs: [{ name: "y", dtype: "f64" }],
        nodes: [
          { op: "Softmax", inputs: ["x"], outputs: ["s"], name: "/softmax" },
          { op: "LayerNormalization", inputs: ["x", "w"], outputs: ["n"], name: "/norm" },
          { op: "Tanh", inputs: ["x"], outputs: ["y"], name: "/tanh" },
        ],
        weights: { w: floats("f64", [8], 1) },
      },
      floats("f64", [2, 8], 2),
    );
  await expect(run(world())).rejects.toThrow(
    /\/softmax.*dtype f64[\s\S]*\/norm.*dtype f64[\s\S]*\/tanh.*dtype f64/,
  );
});
