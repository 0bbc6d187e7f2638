import { describe, expect, it } from "vitest";
import { f32Tensor, InterpreterMachine, type Machine, type Tensor } from "../../operators/index.js";
import { createMachine } from "../../src/execute/backend.js";
import { openHashThread } from "../../src/execute/hash-thread.js";
import { runFiles } from "../../src/execute/run-folder.js";
import { planFor, runModel, traceRoots } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import { keepSegments, replaySegment, traceRun } from "../../src/execute/trace.js";
import { modelDigest } from "../../src/graph/digests.js";
import type { Plan } from "../../src/graph/plan.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { toHex } from "../../src/receipt/hex.js";
import { receiptDigest } from "../../src/receipt/receipt.js";
import { ints, modelOf } from "../support/graphs.js";

/** Two convolutions, pools and a matmul: 13 operators in two segments. */
const model = modelOf({
  inputs: [{ name: "x", dims: ["N", 2, 12, 12] }],
  outputs: ["y"],
  nodes: [
    {
      op: "Conv",
      inputs: ["x", "w1", "b1"],
      outputs: ["c1"],
      attributes: { pads: ints(1, 1, 1, 1) },
    },
    { op: "Relu", inputs: ["c1"], outputs: ["r1"] },
    {
      op: "MaxPool",
      inputs: ["r1"],
      outputs: ["p1"],
      attributes: { kernel_shape: ints(2, 2), strides: ints(2, 2) },
    },
    { op: "Sigmoid", inputs: ["p1"], outputs: ["s1"] },
    { op: "Add", inputs: ["p1", "s1"], outputs: ["a1"] },
    { op: "Conv", inputs: ["a1", "w2"], outputs: ["c2"] },
    { op: "Relu", inputs: ["c2"], outputs: ["r2"] },
    { op: "GlobalAveragePool", inputs: ["r2"], outputs: ["g"] },
    { op: "Flatten", inputs: ["g"], outputs: ["f"] },
    { op: "MatMul", inputs: ["f", "w3"], outputs: ["m"] },
    { op: "Add", inputs: ["m", "b3"], outputs: ["l"] },
    { op: "Softmax", inputs: ["l"], outputs: ["q"] },
    { op: "Add", inputs: ["q", "l"], outputs: ["y"] },
  ],
  weights: {
    w1: wave([4, 2, 3, 3], 1),
    b1: wave([4], 2),
    w2: wave([6, 4, 3, 3], 3),
    w3: wave([6, 5], 4),
    b3: wave([5], 5),
  },
});
const digest = modelDigest(nodeHasher, model);
const key = new Uint8Array(32).fill(7);

function wave(dims: number[], seed: number): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  return f32Tensor(
    dims,
    Array.from({ length: count }, (_, i) => (((i * 37 + seed * 11) % 23) - 11) / 9),
  );
}

const inputOf = (n: number): Map<string, Tensor> => new Map([["x", wave([n, 2, 12, 12], 6)]]);
const commit = (t: Tensor): Uint8Array => commitTensor(nodeHasher, t);
const request = (machine: Machine) => {
  return { model, digest, inputs: inputOf(1), machine, hasher: nodeHasher, key };
};
const idOf = (r: { signed: { receipt: Parameters<typeof receiptDigest>[1] } }): string =>
  toHex(receiptDigest(nodeHasher, r.signed.receipt));

async function withSession<T>(
  plan: Plan,
  machine: Machine,
  work: (session: Session) => Promise<T> | T,
): Promise<T> {
  const session = await Session.open(plan, model.weights, machine, {
    keepUntil: keepSegments(plan),
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

describe("a run", () => {
  it("gives one receipt on every backend and number of threads", async () => {
    const machines = [
      new InterpreterMachine(),
      createMachine({ backend: "wasm", threads: 1 }),
      createMachine({ backend: "wasm", threads: 2 }),
      createMachine({ backend: "wasm", threads: 3 }),
    ];
    for (const granularity of ["layer", "operator"] as const) {
      const ids: string[] = [];
      for (const machine of machines) {
        ids.push(idOf(await runModel({ ...request(machine), granularity })));
      }
      expect(new Set(ids).size).toBe(1);
    }
  });

  it("gives one trace whether hashed here, elsewhere, or by either hasher", async () => {
    const plan = planFor(model, inputOf(1));
    const hashThread = openHashThread();
    const roots = await withSession(plan, createMachine(), async (session) => {
      const here = await traceRun(session, [...inputOf(1).values()], commit);
      const elsewhere = await traceRun(session, [...inputOf(1).values()], commit, { hashThread });
      return [here, elsewhere].map((t) => toHex(traceRoots(nodeHasher, t).trace));
    });
    await hashThread.close();
    expect(roots[0]).toBe(roots[1]);
  });

  it("gives a batch the bits of its rows one by one", async () => {
    const [three, one] = [3, 1].map((n) => planFor(model, inputOf(n))) as [Plan, Plan];
    const x = inputOf(3).get("x") as Tensor;
    const whole = await withSession(three, createMachine(), async (s) => {
      return (await traceRun(s, [x], commit)).outputTensors[0] as Tensor;
    });
    const size = x.bytes.length / 3;
    for (let row = 0; row < 3; row++) {
      const part = {
        ...x,
        dims: [1, 2, 12, 12],
        bytes: x.bytes.slice(row * size, (row + 1) * size),
      };
      const alone = await withSession(one, createMachine(), async (s) => {
        return (await traceRun(s, [part], commit)).outputTensors[0] as Tensor;
      });
      const length = alone.bytes.length;
      expect(whole.bytes.slice(row * length, (row + 1) * length)).toEqual(alone.bytes);
    }
  });

  it("can be resumed at any segment from what was alive before it", async () => {
    for (const granularity of ["layer", "operator"] as const) {
      const plan = planFor(model, inputOf(1), granularity);
      const inputs = [...inputOf(1).values()];
      const options = { keepBoundaries: true };
      const trace = await withSession(plan, createMachine(), (s) =>
        traceRun(s, inputs, commit, options),
      );
      await withSession(plan, createMachine(), (session) => {
        // Backwards, so that nothing can come from a segment that ran just before.
        for (const [i, segment] of [...plan.segments.entries()].reverse()) {
          replaySegment(session, i, inputs, trace.kept);
          expect(segment.live.map((v) => toHex(commit(session.tensor(v))))).toEqual(
            trace.boundaries[i]?.map((d) => toHex(d)),
          );
        }
      });
    }
  });

  it("is refused before anything is allocated where memory does not suffice", async () => {
    const run = runModel({ ...request(createMachine()), memoryLimit: 1000 });
    await expect(run).rejects.toMatchObject({ code: "model/too-large" });
  });

  it("ends at the next segment when it is cancelled", async () => {
    const controller = new AbortController();
    const run = runModel({
      ...request(createMachine()),
      signal: controller.signal,
      progress: () => controller.abort(),
    });
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a drill", () => {
  it("shows in the trace exactly where the receipt differs, at every operator", async () => {
    const honest = await runModel(request(createMachine()));
    for (const [node] of honest.plan.nodes.entries()) {
      const drill = await runModel({ ...request(createMachine()), corruption: { node } });
      const { corruption } = drill.trace;
      expect(corruption?.node).toBe(node);
      expect(idOf(drill) === idOf(honest)).toBe(corruption?.masked);
    }
  });

  it("leaves no word of itself in the receipt, only in the run folder", async () => {
    const options = { keepBoundaries: true, corruption: { node: 5, element: 3 } };
    const honest = await runModel({ ...request(createMachine()), keepBoundaries: true });
    const drill = await runModel({ ...request(createMachine()), ...options });
    const text = (run: typeof drill, file: string) =>
      new TextDecoder().decode(runFiles(run).get(file) as Uint8Array);
    const fields = (run: typeof drill) => Object.keys(JSON.parse(text(run, "receipt.json")));
    expect(fields(drill)).toEqual(fields(honest));
    expect(JSON.parse(text(drill, "run.json")).drill).toEqual({
      node: 5,
      element: 3,
      masked: false,
    });
    expect(JSON.parse(text(honest, "run.json")).drill).toBeUndefined();
  });

  it.each([
    { node: 0, element: 10 ** 9 },
    { node: 0, element: -1 },
    { node: 0, element: 0.5 },
    { node: 99 },
    { node: -1 },
  ])("refuses what is not there: %o", async (corruption) => {
    const run = runModel({ ...request(createMachine()), corruption });
    await expect(run).rejects.toMatchObject({ code: "usage" });
  });
});
