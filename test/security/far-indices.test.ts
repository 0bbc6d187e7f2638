import { describe, expect, it } from "vitest";
import { f32Tensor, i64Tensor, type Tensor } from "../../operators/index.js";
import { type BackendName, createMachine } from "../../src/execute/backend.js";
import { Session } from "../../src/execute/session.js";
import { bind } from "../../src/graph/bind.js";
import { type GraphSpec, int, ints, modelOf, type NodeSpec } from "../support/graphs.js";

/**
 * WebAssembly addresses have 32 bits, indices have 64. An index that wraps would read another
 * tensor, and the two backends would differ.
 */
const FAR = [2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 33 - 1, 2 ** 40, 2 ** 46];

async function bytesOn(backend: BackendName, spec: GraphSpec, inputs: readonly Tensor[]) {
  const model = modelOf(spec);
  const types = new Map(spec.inputs.map((v, i) => [v.name, inputs[i] as Tensor]));
  const plan = bind(model, { types });
  const session = await Session.open(plan, model.weights, createMachine({ backend }));
  try {
    session.setInputs(inputs);
    session.runNodes(0, plan.nodes.length);
    return plan.outputs.map((v) => session.tensor(v.value).bytes);
  } finally {
    await session.close();
  }
}

async function expectEqual(spec: GraphSpec, inputs: readonly Tensor[]): Promise<void> {
  expect(await bytesOn("wasm", spec, inputs)).toEqual(await bytesOn("interpreter", spec, inputs));
}

const counting = (dims: readonly number[]): Tensor =>
  f32Tensor(
    dims,
    Array.from({ length: dims.reduce((n, d) => n * d, 1) }, (_, i) => i + 1),
  );

const onX = (node: NodeSpec, dims: readonly number[], weights: Record<string, Tensor> = {}) => ({
  inputs: [{ name: "x", dims }],
  outputs: ["z"],
  nodes: [node],
  weights,
});

describe("both backends agree far outside", () => {
  const indices = [...FAR, 2 ** 53 - 1].flatMap((n) => [n, -n, n + 1, 1 - n]);
  const extremes = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 62n, -(2n ** 61n), 0n, 3n, -4n, 4n, -5n];
  const all = [...indices, ...extremes];

  it.each(["Gather", "GatherElements"])("%s", async (op) => {
    const spec = {
      inputs: [
        { name: "x", dims: [4] },
        { name: "i", dtype: "i64" as const, dims: [all.length] },
      ],
      outputs: ["z"],
      nodes: [{ op, inputs: ["x", "i"], outputs: ["z"] }],
    };
    await expectEqual(spec, [counting([4]), i64Tensor([all.length], all)]);
  });

  it("GatherND", async () => {
    const pairs = all.flatMap((a) => all.flatMap((b) => [a, b]));
    const dims = [all.length ** 2, 2];
    const spec = {
      inputs: [
        { name: "x", dims: [4, 4] },
        { name: "i", dtype: "i64" as const, dims },
      ],
      outputs: ["z"],
      nodes: [{ op: "GatherND", inputs: ["x", "i"], outputs: ["z"] }],
    };
    await expectEqual(spec, [counting([4, 4]), i64Tensor(dims, pairs)]);
  });

  it.each(["constant", "edge", "wrap", "reflect"])("Pad, %s", async (mode) => {
    const attributes = { mode: { kind: "string" as const, value: mode } };
    const node = { op: "Pad", inputs: ["x", "p"], outputs: ["z"], attributes };
    for (const far of FAR) {
      for (const pads of [
        [far, 0, -far, 1],
        [-far, 0, far, 0],
      ]) {
        await expectEqual(onX(node, [4, 3], { p: i64Tensor([4], pads) }), [counting([4, 3])]);
      }
    }
  });

  it.each(["MaxPool", "AveragePool", "Conv"])("%s", async (op) => {
    for (const far of FAR) {
      const attributes = { kernel_shape: ints(2), dilations: ints(far), pads: ints(far, 0) };
      const inputs = op === "Conv" ? ["x", "w"] : ["x"];
      const weights: Record<string, Tensor> = op === "Conv" ? { w: counting([1, 1, 2]) } : {};
      const node = { op, inputs, outputs: ["z"], attributes };
      await expectEqual(onX(node, [1, 1, 12], weights), [counting([1, 1, 12])]);
    }
  });

  it("Trilu and Slice", async () => {
    for (const far of FAR.flatMap((n) => [n, -n])) {
      const k = { k: i64Tensor([], [far]) };
      for (const upper of [0, 1]) {
        const attributes = { upper: int(upper) };
        const node = { op: "Trilu", inputs: ["x", "k"], outputs: ["z"], attributes };
        await expectEqual(onX(node, [4, 3], k), [counting([4, 3])]);
      }
      const [start, end, step] = [-far, far, far].map((n) => i64Tensor([1], [n])) as Tensor[];
      const weights = {
        s: start as Tensor,
        e: end as Tensor,
        a: i64Tensor([1], [0]),
        t: step as Tensor,
      };
      const node = { op: "Slice", inputs: ["x", "s", "e", "a", "t"], outputs: ["z"] };
      await expectEqual(onX(node, [4, 3], weights), [counting([4, 3])]);
    }
  });
});
