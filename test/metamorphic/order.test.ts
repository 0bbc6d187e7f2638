import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../fixtures/builders/random.js";
import { transformerModel } from "../../fixtures/builders/transformer.js";
import type { Tensor } from "../../operators/index.js";
import { runModel } from "../../src/execute/run-model.js";
import { type ModelDigest, modelDigest } from "../../src/graph/digests.js";
import type { GraphNode, Model } from "../../src/graph/types.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { toHex } from "../../src/receipt/hex.js";
import { randomGraph } from "./graphs.js";
import { type Inputs, MACHINES, single } from "./machines.js";
import { holds, seeds } from "./property.js";
import { expectSame, normals } from "./tensors.js";

/**
 * What docs/commitments.md says about order and names: the nodes of a graph are digested in file
 * order with the names of their tensors, so either makes another model of it; no bit of any output
 * depends on them.
 */
interface Made {
  readonly digest: ModelDigest;
  readonly receipt: Readonly<Record<string, string>>;
  readonly outputs: readonly Tensor[];
}

const KEY = new Uint8Array(32).fill(7);
const FIELDS = ["model", "binding", "plan", "inputs", "outputs", "trace"] as const;

async function made(model: Model, inputs: Inputs, machine = single()): Promise<Made> {
  const digest = modelDigest(nodeHasher, model);
  const run = await runModel({
    model,
    digest,
    inputs: new Map(Object.entries(inputs)),
    machine,
    hasher: nodeHasher,
    key: KEY,
  });
  const { receipt } = run.signed;
  return {
    digest,
    receipt: Object.fromEntries(FIELDS.map((f) => [f, toHex(receipt[f])])),
    outputs: [...run.outputs.values()],
  };
}

/** Which digests of two receipts differ. */
const changed = (a: Made, b: Made): string[] => FIELDS.filter((f) => a.receipt[f] !== b.receipt[f]);

/** Another order in which every node still follows what it reads. */
function reordered(model: Model, seed: number): Model {
  const random = new Random(seed, 3);
  const waiting = [...model.graph.nodes];
  const ready = new Set([...model.graph.inputs.map((v) => v.name), ...model.weights.keys(), ""]);
  const nodes: GraphNode[] = [];
  while (waiting.length > 0) {
    const free = waiting.filter((n) => n.inputs.every((name) => ready.has(name)));
    const next = random.pick(free);
    waiting.splice(waiting.indexOf(next), 1);
    for (const name of next.outputs) ready.add(name);
    nodes.push(next);
  }
  return { ...model, graph: { ...model.graph, nodes } };
}

const order = (model: Model): string => model.graph.nodes.map((n) => n.name).join();

/** Every tensor, input and weight under another name. */
function renamed(model: Model, rename: (name: string) => string): Model {
  const name = (n: string): string => (n === "" ? "" : rename(n));
  const { graph, weights } = model;
  const value = <T extends { name: string }>(v: T): T => ({ ...v, name: name(v.name) });
  return {
    graph: {
      ...graph,
      inputs: graph.inputs.map(value),
      outputs: graph.outputs.map(value),
      nodes: graph.nodes.map((n) => ({
        ...n,
        inputs: n.inputs.map(name),
        outputs: n.outputs.map(name),
      })),
    },
    weights: new Map([...weights].map(([n, t]) => [name(n), t])),
  };
}

const TRANSFORMER = transformerModel({ layers: 2, d: 16, heads: 2, mlp: 24, sequence: "T" });
const SUBJECTS: readonly [string, (seed: number) => { model: Model; inputs: Inputs }][] = [
  [
    "a transformer",
    (seed) => ({ model: TRANSFORMER, inputs: { x: normals("f32", [1, 7, 16], seed) } }),
  ],
  ["a random graph", randomGraph],
];

describe.each(SUBJECTS)("%s", (_, subject) => {
  test.each(MACHINES)("independent nodes in another order, on the %s", async (_, machine) => {
    await holds(5, fc.tuple(seeds, seeds), async ([seed, shuffle]) => {
      const { model, inputs } = subject(seed);
      const other = reordered(model, shuffle);
      const [before, after] = [await made(model, inputs), await made(other, inputs, machine())];
      before.outputs.forEach((t, i) => {
        expectSame(after.outputs[i], t);
      });
      expect(after.digest.weights).toEqual(before.digest.weights);
      const same = order(model) === order(other);
      expect(toHex(after.digest.graph) === toHex(before.digest.graph)).toBe(same);
      expect(changed(before, after)).not.toContain("outputs");
      expect(changed(before, after)).not.toContain("inputs");
      expect(changed(before, after)).not.toContain("binding");
      expect(changed(before, after).includes("model")).toBe(!same);
      expect(changed(before, after).includes("plan")).toBe(!same);
    });
  });

  test("other names for tensors make another model of the same plan and run", async () => {
    await holds(8, seeds, async (seed) => {
      const { model, inputs } = subject(seed);
      // Names in another alphabetical order, some of them strange.
      const names = new Map<string, string>();
      const random = new Random(seed, 4);
      const rename = (name: string): string => {
        const found =
          names.get(name) ?? `${random.pick(["z", "a", "é", "\u{1d50a}", " "])}${random.u32()}`;
        names.set(name, found);
        return found;
      };
      const other = renamed(model, rename);
      const given = Object.fromEntries(Object.entries(inputs).map(([n, t]) => [rename(n), t]));
      const [before, after] = [await made(model, inputs), await made(other, given)];
      before.outputs.forEach((t, i) => {
        expectSame(after.outputs[i], t);
      });
      expect(changed(before, after)).toEqual(["model"]);
      expect(after.digest.weights).toEqual(before.digest.weights);
    });
  });

  test("other names for nodes change nothing at all", async () => {
    await holds(5, seeds, async (seed) => {
      const { model, inputs } = subject(seed);
      const nodes = model.graph.nodes.map((n, i) => ({ ...n, name: `node ${nodesName(i, seed)}` }));
      const other = { ...model, graph: { ...model.graph, nodes } };
      expect(changed(await made(model, inputs), await made(other, inputs))).toEqual([]);
    });
  });
});

const nodesName = (i: number, seed: number): number => (i * 7919 + seed) % 1000003;
