import fc from "fast-check";
import { expect, it } from "vitest";
import { f32Tensor, InterpreterMachine, i64Tensor, type Tensor } from "../../operators/index.js";
import { runModel } from "../../src/execute/run-model.js";
import { modelDigest } from "../../src/graph/digests.js";
import type { Model } from "../../src/graph/types.js";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import { int, modelOf, type NodeSpec, subgraph } from "../support/graphs.js";

/** A body of a few operators on what is there before them: s and r are carried, x and w outer. */
interface Body {
  readonly steps: readonly { readonly op: string; readonly a: number; readonly b: number }[];
  /** Which values it yields: carried s, carried r, stacked. */
  readonly yields: readonly [number, number, number];
}

const step = fc.record({
  op: fc.constantFrom("Add", "Mul", "Sub", "Max", "Div"),
  a: fc.nat(99),
  b: fc.nat(99),
});
const body: fc.Arbitrary<Body> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 5 }),
  yields: fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)),
});
const value = fc.float({ noNaN: false, min: -8, max: 8 });
const vector = fc.array(value, { minLength: 3, maxLength: 3 });

/** Nodes of one iteration, values named by `name`, and the names of what it yields. */
function iteration({ steps, yields }: Body, start: readonly string[], name: (i: number) => string) {
  const there = [...start, "x", "w"];
  const nodes = steps.map(({ op, a, b }, i): NodeSpec => {
    const inputs = [there[a % there.length] as string, there[b % there.length] as string];
    there.push(name(i));
    return { op, inputs, outputs: [name(i)] };
  });
  return { nodes, yields: yields.map((i) => there[i % there.length] as string) };
}

const inputs = ["x", "s0", "r0"].map((name) => ({ name, dims: [3] }));
const outputs = ["s", "r", "all"];

function rolled(shape: Body, trips: number, w: Tensor): Model {
  const inner = iteration(shape, ["s", "r"], (i) => `v${i}`);
  const graph = subgraph({
    inputs: ["i", "c", "s", "r"],
    outputs: ["c", ...inner.yields],
    nodes: inner.nodes,
  });
  const loop = { op: "Loop", inputs: ["n", "", "s0", "r0"], outputs, attributes: { body: graph } };
  return modelOf({ inputs, outputs, nodes: [loop], weights: { w, n: i64Tensor([], [trips]) } });
}

function unrolled(shape: Body, trips: number, w: Tensor): Model {
  const nodes: NodeSpec[] = [];
  let carried = ["s0", "r0"];
  const rows: string[] = [];
  for (let t = 0; t < trips; t++) {
    const { nodes: more, yields } = iteration(shape, carried, (i) => `v${t}_${i}`);
    nodes.push(...more, {
      op: "Unsqueeze",
      inputs: [yields[2] as string, "zero"],
      outputs: [`row${t}`],
    });
    rows.push(`row${t}`);
    carried = yields.slice(0, 2);
  }
  nodes.push({ op: "Concat", inputs: rows, outputs: ["all"], attributes: { axis: int(0) } });
  outputs.slice(0, 2).forEach((name, i) => {
    nodes.push({ op: "Identity", inputs: [carried[i] as string], outputs: [name] });
  });
  return modelOf({ inputs, outputs, nodes, weights: { w, zero: i64Tensor([1], [0]) } });
}

async function outcome(model: Model, given: ReadonlyMap<string, Tensor>) {
  const digest = modelDigest(hasher, model);
  const machine = new InterpreterMachine();
  const key = new Uint8Array(32).fill(3);
  const run = await runModel({ model, digest, inputs: given, machine, hasher, key });
  return {
    outputs: [...run.outputs].map(([name, t]) => [name, t.dims, [...t.bytes]]),
    root: [...run.signed.receipt.outputs],
  };
}

it("a loop gives the bits and the commitments of the graph unrolled by hand", async () => {
  await fc.assert(
    fc.asyncProperty(
      body,
      fc.integer({ min: 1, max: 5 }),
      vector,
      vector,
      async (shape, n, x, w) => {
        const given = new Map([
          ["x", f32Tensor([3], x)],
          ["s0", f32Tensor([3], [1, -0, 0.1])],
          ["r0", f32Tensor([3], [3, Number.POSITIVE_INFINITY, 1e-40])],
        ]);
        const weight = f32Tensor([3], w);
        const byHand = await outcome(unrolled(shape, n, weight), given);
        expect(await outcome(rolled(shape, n, weight), given)).toEqual(byHand);
      },
    ),
    { numRuns: 60 },
  );
});
