import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { f32Tensor, i64Tensor, type Tensor, type TensorType } from "../../operators/index.js";
import { layoutPlan, packIntervals } from "../../src/execute/layout.js";
import { bind } from "../../src/graph/bind.js";
import { FOLD_STEPS, PLAN_LIMITS } from "../../src/graph/limits.js";
import { type GraphSpec, int, ints, modelOf, type NodeSpec } from "../support/graphs.js";

/** Small files that would be large, or slow, to bind. */

const X: TensorType = { dtype: "f32", dims: [4] };
const onX = (nodes: readonly NodeSpec[], output: string, more: Partial<GraphSpec> = {}) =>
  modelOf({ inputs: [{ name: "x", dims: null }], outputs: [output], nodes, ...more });
const bound = (model: ReturnType<typeof modelOf>, x: TensorType = X) =>
  bind(model, { types: new Map([["x", x]]) });
const tooLarge = expect.objectContaining({ code: "model/too-large" });

/** n results that all wait for the last node. */
function star(n: number): NodeSpec[] {
  const names = Array.from({ length: n }, (_, i) => `y${i}`);
  const relus = names.map((name): NodeSpec => ({ op: "Relu", inputs: ["x"], outputs: [name] }));
  return [...relus, { op: "Concat", inputs: names, outputs: ["z"], attributes: { axis: int(0) } }];
}

function chain(n: number): NodeSpec[] {
  return Array.from({ length: n }, (_, i) => {
    return { op: "Relu", inputs: [i === 0 ? "x" : `y${i - 1}`], outputs: [`y${i}`] };
  });
}

describe("binding ends", () => {
  it("where everything is alive at the same time", () => {
    expect(bound(onX(star(500), "z")).nodes).toHaveLength(501);
    expect(() => bound(onX(star(6000), "z"))).toThrow(tooLarge);
  });

  it("where there are too many nodes", () => {
    expect(() => bound(onX(chain(PLAN_LIMITS.nodes + 1), "y0"))).toThrow(tooLarge);
  });

  it("where one node has too many element programs", () => {
    const n = PLAN_LIMITS.stagesOfNode + 1;
    const outputs = Array.from({ length: n }, (_, i) => `o${i}`);
    const split = { op: "Split", inputs: ["x"], outputs, attributes: { num_outputs: int(n) } };
    expect(() => bound(onX([split], "o0"), { dtype: "f32", dims: [n] })).toThrow(tooLarge);
  });

  it("where a tensor has more dims than a commitment holds", () => {
    const reshape = { op: "Reshape", inputs: ["x", "s"], outputs: ["z"] };
    const weights = { s: i64Tensor([256], new Array<number>(256).fill(1)) };
    expect(() => bound(onX([reshape], "z", { weights }), { dtype: "f32", dims: [1] })).toThrow(
      tooLarge,
    );
    const ones = { dtype: "f32" as const, dims: new Array<number>(256).fill(1) };
    expect(() => bound(onX(chain(1), "y0"), ones)).toThrow(tooLarge);
  });

  it("in seconds for a long chain, layout included", () => {
    const started = performance.now();
    const plan = bound(onX(chain(30_000), "y29999"));
    expect(layoutPlan(plan).activationBytes).toBe(128);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it("in seconds where a long chain is computed together", () => {
    const plan = bound(onX(chain(10_000), "y9999"));
    const started = performance.now();
    const { calls } = layoutPlan(plan, { fuse: "run" });
    expect(calls.length).toBeLessThan(500);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it("in seconds where concatenations lie in each other, or all read one tensor", () => {
    const joins = Array.from({ length: 500 }, (_, i): NodeSpec[] => [
      { op: "Neg", inputs: ["x"], outputs: [`n${i}`] },
      {
        op: "Concat",
        inputs: [i === 0 ? "n0" : `c${i - 1}`, `n${i}`],
        outputs: [`c${i}`],
        attributes: { axis: int(0) },
      },
    ]).flat();
    const plan = bound(onX(joins, "c499"), { dtype: "f32", dims: [16] });
    const started = performance.now();
    const { calls, activationBytes } = layoutPlan(plan, { fuse: "run" });
    // The first joins a tensor with itself.
    expect(calls.length).toBe(501);
    expect(activationBytes).toBe(501 * 64 + 64);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

describe("folding ends", () => {
  /** One output element of a window that spans `size` cells, most of them padding. */
  const window = (size: number, kernel: number): NodeSpec => ({
    op: "MaxPool",
    inputs: ["w"],
    outputs: ["z"],
    attributes: { kernel_shape: ints(kernel), pads: ints(kernel - size, 0) },
  });
  const weights = { w: f32Tensor([1, 1, 4], [1, 2, 3, 4]) };
  const executed = (kernel: number): number =>
    bind(modelOf({ inputs: [], outputs: ["z"], nodes: [window(4, kernel)], weights }), {
      types: new Map(),
    }).nodes.length;

  it("with a node that takes many steps, which then runs like any other", () => {
    expect(executed(8)).toBe(0);
    expect(executed(FOLD_STEPS)).toBe(1);
    expect(executed(2 ** 45)).toBe(1);
  });

  it("with a shape of 2^40 dims", () => {
    const nodes: NodeSpec[] = [
      {
        op: "ConstantOfShape",
        inputs: ["s"],
        outputs: ["c"],
        attributes: { value: { kind: "tensor", value: i64Tensor([1], [1]) } },
      },
      { op: "Reshape", inputs: ["x", "c"], outputs: ["z"] },
    ];
    const model = onX(nodes, "z", { weights: { s: i64Tensor([1], [2 ** 40]) } });
    expect(() => bound(model)).toThrow(expect.objectContaining({ code: "graph/data-dependent" }));
  });
});

describe("steering inputs", () => {
  /** x0 + x1 + … decides a shape, and one more input does not. */
  function sums(n: number) {
    const names = Array.from({ length: n }, (_, i) => `x${i}`);
    const adds = names.slice(1).map((name, i): NodeSpec => {
      return { op: "Add", inputs: [i === 0 ? "x0" : `s${i - 1}`, name], outputs: [`s${i}`] };
    });
    const scalar = { dtype: "i64" as const, dims: [1] };
    const all = [...names, "idle"];
    const model = modelOf({
      inputs: [{ name: "x", dims: [4] }, ...all.map((name) => ({ name, ...scalar }))],
      outputs: ["z", { name: "i", dtype: "i64" }],
      nodes: [
        ...adds,
        { op: "Reshape", inputs: ["x", `s${n - 2}`], outputs: ["z"] },
        { op: "Add", inputs: ["idle", "x0"], outputs: ["i"] },
      ],
    });
    const one = (value: number): Tensor => i64Tensor([1], [value]);
    const values = new Map(all.map((name) => [name, one(name === "x0" ? 4 : 0)]));
    return { model, types: new Map<string, TensorType>([["x", X], ...values]), values };
  }

  it("are found through any number of nodes, and only they", () => {
    const { model, types, values } = sums(3000);
    const started = performance.now();
    const plan = bind(model, { types, values });
    expect(performance.now() - started).toBeLessThan(10_000);
    const steering = plan.inputs.filter((v) => v.steering).map((v) => v.name);
    expect(steering).toHaveLength(3000);
    expect(steering).not.toContain("idle");
    expect(plan.values.find((v) => v.name === "z")?.dims).toEqual([4]);
  });
});

describe("a bound type", () => {
  it.each([[[-4]], [[0.5]], [[Number.NaN]], [[2 ** 24, 2 ** 24]], [[2 ** 53]]])(
    "is refused with dims %j",
    (dims) => {
      const bad = () => bound(onX(chain(1), "y0"), { dtype: "f32", dims });
      expect(bad).toThrow(expect.objectContaining({ code: "input/mismatch" }));
    },
  );
});

interface Interval {
  readonly bytes: number;
  readonly start: number;
  readonly end: number;
}

/** The same rule looking at all pairs. */
function packSlowly(intervals: readonly Interval[]): number[] {
  const order = intervals.map((_, i) => i);
  const at = (i: number): Interval => intervals[i] as Interval;
  order.sort((a, b) => at(b).bytes - at(a).bytes || a - b);
  const offsets = new Map<number, number>();
  for (const i of order) {
    const taken = [...offsets]
      .filter(([j]) => at(j).start <= at(i).end && at(i).start <= at(j).end)
      .sort(([, a], [, b]) => a - b);
    let offset = 0;
    for (const [j, other] of taken) {
      if (offset + at(i).bytes <= other) break;
      offset = Math.max(offset, other + at(j).bytes);
    }
    offsets.set(i, offset);
  }
  return intervals.map((_, i) => offsets.get(i) as number);
}

it("packing finds the places that looking at all pairs finds", () => {
  const interval = fc
    .record({ bytes: fc.nat(9), start: fc.nat(9), length: fc.nat(9) })
    .map(({ bytes, start, length }) => ({ bytes, start, end: start + length }));
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 25 }), (intervals) => {
      expect(packIntervals(intervals).offsets).toEqual(packSlowly(intervals));
    }),
    { numRuns: 500 },
  );
});
