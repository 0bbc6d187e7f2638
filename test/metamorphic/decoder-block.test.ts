import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AttributeValue, DType, Machine, Tensor } from "../../operators/index.js";
import { i64Tensor } from "../../operators/index.js";
import type { Model } from "../../src/graph/types.js";
import { int, ints, modelOf, type NodeSpec } from "../support/graphs.js";
import { tensorFrom } from "../support/tensors.js";
import { MACHINES, outputsOf, single } from "./machines.js";
import { holds, seeds } from "./property.js";
import { chunksOf, expectSame, normals, part } from "./tensors.js";

/**
 * Decoder blocks as language models have them: RMS norm, rotary embedding by plain operators, grouped
 * attention with a cache, gated feed-forward. Token by token, in chunks, or all at once.
 */
interface Shape {
  readonly dtype: DType;
  readonly layers: number;
  readonly groups: number;
  readonly repeats: number;
  /** Even: halves of it turn together. */
  readonly depth: number;
  readonly mlp: number;
}

const widthOf = (s: Shape): number => s.groups * s.repeats * s.depth;

/** Nodes of one model, each with one output unless said otherwise. */
class Writer {
  readonly nodes: NodeSpec[] = [];
  readonly weights: Record<string, Tensor> = {};

  constructor(private readonly dtype: DType) {}

  node(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
    outputs: readonly string[] = [`t${this.nodes.length}`],
  ): string {
    this.nodes.push({ op, inputs, outputs, attributes });
    return outputs[0] as string;
  }

  weight(dims: readonly number[]): string {
    const name = `w${Object.keys(this.weights).length}`;
    const made = normals("f32", dims, 100 + Object.keys(this.weights).length);
    // Divided by the square root of what is summed, so that activations keep their size.
    const scale = dims.length > 1 ? Math.sqrt(dims[0] as number) : 1;
    const view = new DataView(made.bytes.buffer);
    const values = Array.from({ length: made.bytes.length / 4 }, (_, i) =>
      Math.fround(view.getFloat32(4 * i, true) / scale),
    );
    this.weights[name] = tensorFrom(this.dtype, dims, values);
    return name;
  }

  integers(values: readonly number[]): string {
    const name = `i${values.join("_")}`;
    this.weights[name] = i64Tensor([values.length], values);
    return name;
  }
}

function decoder(shape: Shape): Model {
  const w = new Writer(shape.dtype);
  const { dtype, layers, groups, depth } = shape;
  const input = (name: string, dims: (number | string)[]) => ({ name, dtype, dims });
  const inputs = [
    input("x", [1, "T", widthOf(shape)]),
    input("cos", ["T", depth / 2]),
    input("sin", ["T", depth / 2]),
  ];
  const outputs = ["y"];
  let x = "x";
  for (let layer = 0; layer < layers; layer++) {
    const past = [`past_key_${layer}`, `past_value_${layer}`];
    inputs.push(...past.map((name) => input(name, [1, groups, "P", depth])));
    outputs.push(`key_${layer}`, `value_${layer}`);
    x = attentionPart(w, shape, layer, x);
    x = feedForwardPart(w, shape, x);
  }
  w.node("RMSNormalization", [x, w.weight([widthOf(shape)])], {}, ["y"]);
  return modelOf({ inputs, outputs, nodes: w.nodes, weights: w.weights }, 24);
}

function attentionPart(w: Writer, shape: Shape, layer: number, x: string): string {
  const { groups, repeats, depth } = shape;
  const d = widthOf(shape);
  const h = w.node("RMSNormalization", [x, w.weight([d])]);
  const split = (heads: number, turn: boolean): string => {
    const projected = w.node("MatMul", [h, w.weight([d, heads * depth])]);
    const reshaped = w.node("Reshape", [projected, w.integers([1, -1, heads, depth])]);
    const inHeads = w.node("Transpose", [reshaped], { perm: ints(0, 2, 1, 3) });
    return turn ? rotary(w, shape, inHeads) : inHeads;
  };
  const [q, k, v] = [split(groups * repeats, true), split(groups, true), split(groups, false)];
  const attended = w.node(
    "Attention",
    [q, k, v, "", `past_key_${layer}`, `past_value_${layer}`],
    { is_causal: int(1) },
    [`attended_${layer}`, `key_${layer}`, `value_${layer}`],
  );
  const joinedHeads = w.node("Transpose", [attended], { perm: ints(0, 2, 1, 3) });
  const merged = w.node("Reshape", [joinedHeads, w.integers([1, -1, d])]);
  return w.node("Add", [x, w.node("MatMul", [merged, w.weight([d, d])])]);
}

/** (a, b) → (a·cos − b·sin, b·cos + a·sin) of the halves of every head. */
function rotary(w: Writer, { depth }: Shape, x: string): string {
  const half = (from: number, to: number): string =>
    w.node("Slice", [x, w.integers([from]), w.integers([to]), w.integers([3])]);
  const [a, b] = [half(0, depth / 2), half(depth / 2, depth)];
  const times = (t: string, table: string): string => w.node("Mul", [t, table]);
  const first = w.node("Sub", [times(a, "cos"), times(b, "sin")]);
  const second = w.node("Add", [times(b, "cos"), times(a, "sin")]);
  return w.node("Concat", [first, second], { axis: int(-1) });
}

function feedForwardPart(w: Writer, shape: Shape, x: string): string {
  const d = widthOf(shape);
  const h = w.node("RMSNormalization", [x, w.weight([d])]);
  const gate = w.node("Swish", [w.node("MatMul", [h, w.weight([d, shape.mlp])])]);
  const up = w.node("MatMul", [h, w.weight([d, shape.mlp])]);
  const down = w.node("MatMul", [w.node("Mul", [gate, up]), w.weight([shape.mlp, d])]);
  return w.node("Add", [x, down]);
}

interface Cache {
  readonly [name: string]: Tensor;
}

/** Tables of angles; how they came about does not matter here. */
function rotations({ dtype, depth }: Shape, total: number): { cos: Tensor; sin: Tensor } {
  const table = (f: (x: number) => number): Tensor => {
    const values = Array.from({ length: (total * depth) / 2 }, (_, i) => {
      const [position, pair] = [Math.floor(i / (depth / 2)), i % (depth / 2)];
      return Math.fround(f(position * 10000 ** ((-2 * pair) / depth)));
    });
    return tensorFrom(dtype, [total, depth / 2], values);
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

function emptyCache({ dtype, layers, groups, depth }: Shape): Cache {
  const empty = tensorFrom(dtype, [1, groups, 0, depth], []);
  const names = Array.from({ length: layers }, (_, l) => [`past_key_${l}`, `past_value_${l}`]);
  return Object.fromEntries(names.flat().map((name) => [name, empty]));
}

async function step(
  model: Model,
  inputs: Record<string, Tensor>,
  past: Cache,
  machine: Machine,
): Promise<{ y: Tensor; cache: Cache }> {
  const outputs = await outputsOf(model, { ...inputs, ...past }, machine);
  const cache = [...outputs].filter(([name]) => name !== "y");
  return {
    y: outputs.get("y") as Tensor,
    cache: Object.fromEntries(cache.map(([name, t]) => [`past_${name}`, t])),
  };
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  dtype: fc.constantFrom<DType>("f32", "f16", "bf16"),
  layers: fc.integer({ min: 1, max: 2 }),
  groups: fc.integer({ min: 1, max: 2 }),
  repeats: fc.integer({ min: 1, max: 2 }),
  depth: fc.constantFrom(2, 8),
  mlp: fc.integer({ min: 1, max: 40 }),
});

async function expectAlike(
  shape: Shape,
  total: number,
  chunks: readonly (readonly [number, number])[],
  seed: number,
  machine: Machine,
): Promise<void> {
  const model = decoder(shape);
  const x = normals(shape.dtype, [1, total, widthOf(shape)], seed);
  const { cos, sin } = rotations(shape, total);
  const whole = await step(model, { x, cos, sin }, emptyCache(shape), machine);
  let cache = emptyCache(shape);
  for (const [from, to] of chunks) {
    const rows = (t: Tensor, axis: number): Tensor => part(t, axis, from, to);
    const inputs = { x: rows(x, 1), cos: rows(cos, 0), sin: rows(sin, 0) };
    const made = await step(model, inputs, cache, single());
    expectSame(made.y, rows(whole.y, 1));
    ({ cache } = made);
  }
  expect(Object.keys(cache)).toEqual(Object.keys(whole.cache));
  for (const [name, t] of Object.entries(cache)) expectSame(t, whole.cache[name]);
}

describe.each(MACHINES)("decoder blocks, at once on the %s", (_, machine) => {
  test("and in chunks", async () => {
    const cases = fc.tuple(shapes, fc.integer({ min: 2, max: 9 }), fc.array(fc.nat(9)), seeds);
    await holds(2, cases, ([shape, total, cuts, seed]) =>
      expectAlike(shape, total, chunksOf(total, cuts), seed, machine()),
    );
  });
});

test("a block, 34 tokens, one at a time", async () => {
  const shape = { dtype: "f32", layers: 1, groups: 2, repeats: 2, depth: 4, mlp: 24 } as const;
  const each = Array.from({ length: 34 }, (_, i) => [i, i + 1] as const);
  await expectAlike(shape, 34, each, 1, single());
});
