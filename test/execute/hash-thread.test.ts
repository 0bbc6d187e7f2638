import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { randomTensor } from "../../bench/values.js";
import { transformerModel } from "../../fixtures/builders/transformer.js";
import { InterpreterMachine, type Tensor } from "../../operators/index.js";
import { createMachine } from "../../src/execute/backend.js";
import { NativeHashThread } from "../../src/execute/native-hash-thread.js";
import { type HashThread, hashHere, type OnHashed } from "../../src/execute/pending.js";
import type { Measure } from "../../src/execute/profiler.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import { breathe, type Trace, traceRun } from "../../src/execute/trace.js";
import { WorkerHashThread } from "../../src/execute/worker-hash-thread.js";
import { nobleHasher } from "../../src/merkle/hash.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { nativeHere } from "../backends/native-here.js";

/** Commitments on another thread, where tensors lie, against those made on this one. */

interface Kind {
  readonly name: string;
  open(onHashed?: OnHashed): Promise<HashThread>;
}

const natives: Kind[] = (nativeHere()?.hashers ?? []).map((native) => ({
  name: `native ${native.name}`,
  open: async (onHashed) => new NativeHashThread(native, onHashed),
}));
const worker: Kind = {
  name: "worker",
  open: async (onHashed) => {
    const thread = new WorkerHashThread(onHashed);
    while (!thread.isReady) await breathe();
    return thread;
  },
};
const KINDS = [...natives, worker];

const opened: HashThread[] = [];
afterAll(() => Promise.all(opened.map((t) => t.close())));
async function open(kind: Kind, onHashed?: OnHashed): Promise<HashThread> {
  const thread = await kind.open(onHashed);
  opened.push(thread);
  return thread;
}

function bytesTensor(length: number, seed: number, shared: boolean): Tensor {
  const bytes = new Uint8Array(shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(i + seed, 0x9e3779b1) >>> 24;
  return { dtype: "u8", dims: [length], bytes };
}

describe.each(KINDS)("hashing on a thread: $name", (kind) => {
  it("gives what hashing here gives, in any order of asking", async () => {
    const thread = await open(kind);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.boolean()), { maxLength: 12 }),
        fc.infiniteStream(fc.nat(1000)),
        (lengths, order) => {
          const tensors = lengths.map(([n, shared], i) => bytesTensor(n, i, shared));
          const pending = tensors.map((t) => thread.begin(t));
          const asked = pending.map((p, i) => ({ p, i, at: order.next().value as number }));
          asked.sort((a, b) => a.at - b.at);
          for (const { p, i } of asked) {
            expect(p.digest()).toEqual(commitTensor(nodeHasher, tensors[i] as Tensor));
            expect(p.isDone()).toBe(true);
            expect(p.digest()).toEqual(p.digest());
          }
        },
      ),
      { numRuns: 20, seed: 3 },
    );
    const odd: Tensor = {
      dtype: "f64",
      dims: [...Array(70).fill(1), 2000],
      bytes: new Uint8Array(16000),
    };
    expect(thread.begin(odd).digest()).toEqual(commitTensor(nobleHasher, odd));
  });

  it("refuses bytes that are not the tensor's", async () => {
    const thread = await open(kind);
    const wrong = { ...bytesTensor(20_000, 1, true), dims: [20_001] };
    expect(() => thread.begin(wrong).digest()).toThrow(/20000 bytes, not 20001/);
  });

  it("tells when it worked, by the clock of the process", async () => {
    const told: [number, number, number][] = [];
    const thread = await open(kind, (...facts) => void told.push(facts));
    const before = performance.timeOrigin + performance.now();
    thread.begin(bytesTensor(1 << 20, 1, true)).digest();
    const after = performance.timeOrigin + performance.now();
    const [[bytes, start, ms]] = told as [[number, number, number]];
    expect(bytes).toBe(1 << 20);
    expect(ms).toBeGreaterThan(0);
    // The two clocks are read one after the other, and count from the same moment to a millisecond.
    expect(start).toBeGreaterThan(before - 1);
    expect(start + ms).toBeLessThan(after + 1);
  });

  it.each(["layer", "operator"] as const)(
    "gives the trace of a run, by %s",
    async (granularity) => {
      const thread = await open(kind);
      const model = transformerModel({ layers: 2, d: 96, heads: 3, sequence: 40 });
      const x = randomTensor([1, 40, 96], 5);
      const plan = planFor(model, new Map([["x", x]]), granularity);
      const commit = (t: Tensor): Uint8Array => commitTensor(nodeHasher, t);
      const traces: Trace[] = [];
      for (const machine of [createMachine(), createMachine({ backend: "wasm", threads: 2 })]) {
        const session = await Session.open(plan, model.weights, machine);
        traces.push(await traceRun(session, [x], commit));
        for (let again = 0; again < 3; again++) {
          traces.push(await traceRun(session, [x], commit, { hashThread: thread }));
        }
        await session.close();
      }
      for (const trace of traces) expect(trace).toEqual(traces[0]);
    },
  );
});

/** Reads nothing until it is asked: the slowest thread there can be. */
const laggard: HashThread = {
  close: async () => {},
  begin(tensor) {
    let known: Uint8Array | undefined;
    return {
      isDone: () => known !== undefined,
      digest: () => (known ??= commitTensor(nodeHasher, tensor)),
    };
  },
};

describe("a place that is hashed", () => {
  it.each([
    ["layer", 2],
    ["operator", 20],
  ] as const)("is waited for before it is overwritten, by %s", async (granularity, leastWaits) => {
    const model = transformerModel({ layers: 2, d: 32, heads: 2, sequence: 8 });
    const x = randomTensor([1, 8, 32], 5);
    const plan = planFor(model, new Map([["x", x]]), granularity);
    const commit = (t: Tensor): Uint8Array => commitTensor(nodeHasher, t);
    const session = await Session.open(plan, model.weights, new InterpreterMachine());
    const honest = await traceRun(session, [x], commit);
    let waits = 0;
    const measure: Measure = (kind, _name, _bytes, work) => {
      if (kind === "wait") waits++;
      return work();
    };
    expect(await traceRun(session, [x], commit, { hashThread: laggard, measure })).toEqual(honest);
    // The last of them is the end of the run.
    expect(waits).toBeGreaterThan(leastWaits);
    await session.close();
  });

  it("is held until it is read, whatever becomes of the run", async () => {
    for (const kind of KINDS) {
      const thread = await kind.open();
      for (let i = 0; i < 50; i++) thread.begin(bytesTensor(100_000, i, i % 2 === 0));
      await thread.close();
      await thread.close();
    }
    expect(
      hashHere(nodeHasher)
        .begin(bytesTensor(5000, 1, false))
        .isDone(),
    ).toBe(true);
  });
});
