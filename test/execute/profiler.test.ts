import { describe, expect, test } from "vitest";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { InterpreterMachine, type Machine } from "../../operators/index.js";
import { chromeTrace } from "../../src/execute/chrome-trace.js";
import { layoutPlan } from "../../src/execute/layout.js";
import { type HashThread, settled } from "../../src/execute/pending.js";
import { profileOf, selfTimes } from "../../src/execute/profile.js";
import { Profiler, type Span, unmeasured } from "../../src/execute/profiler.js";
import { planFor, runModel } from "../../src/execute/run-model.js";
import { modelDigest } from "../../src/graph/digests.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { receiptBytes } from "../../src/receipt/receipt.js";
import { toy } from "../dispute/zoo/toy.js";

const { model, inputs: named } = toy("layer");
const digest = modelDigest(nodeHasher, model);
const plan = planFor(model, named, "operator");

async function run(machine: Machine, profiler?: Profiler, hashThread?: HashThread) {
  const request = {
    model,
    digest,
    inputs: named,
    plan,
    machine: profiler?.machine(machine, plan) ?? machine,
    hasher: nodeHasher,
    key: new Uint8Array(32).fill(7),
    keepBoundaries: true,
    hashThread,
    ...(profiler ? { measure: profiler.measure } : {}),
  };
  return (profiler?.measure ?? unmeasured)("run", "run", 0, () => runModel(request));
}

/** Every span lies within those that are open when it starts. */
function requireNested(spans: readonly Span[]): void {
  for (const a of spans) {
    expect(a.end).toBeGreaterThanOrEqual(a.start);
    for (const b of spans) {
      const overlap = a.start < b.start && b.start < a.end;
      if (overlap) expect(b.end).toBeLessThanOrEqual(a.end);
    }
  }
}

describe.each([
  ["interpreter", () => new InterpreterMachine()],
  ["wasm", () => new WasmMachine(1)],
] as const)("a profiled run on %s", (name, machine) => {
  const fuse = name === "interpreter" ? "nothing" : "segments";
  const calls = layoutPlan(plan, { fuse }).calls;
  const computed = [...new Set(calls.map(({ nodes }) => nodes?.at(-1)))];

  test("gives the same bits, and its spans nest and sum up to the run", async () => {
    const plain = await run(machine());
    const profiler = new Profiler();
    const profiled = await run(machine(), profiler);
    expect(profiled.signed.signature).toEqual(plain.signed.signature);
    expect(receiptBytes(profiled.signed.receipt)).toEqual(receiptBytes(plain.signed.receipt));
    expect(profiled.trace).toEqual(plain.trace);
    const { spans } = profiler;
    requireNested(spans);
    const whole = spans.find((s) => s.kind === "run") as Span;
    const own = [...selfTimes(spans).values()];
    expect(Math.min(...own)).toBeGreaterThanOrEqual(-1e-9);
    expect(own.reduce((a, b) => a + b, 0)).toBeCloseTo(whole.end - whole.start, 6);
    const nodes = spans.filter((s) => s.kind === "operator").map((s) => s.node);
    expect(nodes).toEqual(computed);
  });

  test("is told by operator, and all parts sum up to it", async () => {
    const profiler = new Profiler();
    await run(machine(), profiler);
    const { ms, operators, parts, hashedBytes, copiedBytes } = profileOf(plan, profiler.spans);
    expect(Object.values(parts).reduce((a, b) => a + b, 0)).toBeCloseTo(ms, 6);
    expect(operators.reduce((a, o) => a + o.ms, 0)).toBeCloseTo(parts.operatorMs, 6);
    expect(operators.map((o) => o.index).sort((a, b) => a - b)).toEqual(computed);
    const product = operators.find((o) => o.name === "/h0/MatMul");
    // [2, 8] times [8, 8]: a product and a sum for each step.
    expect(product).toMatchObject({ readBytes: 4 * (16 + 64), writtenBytes: 4 * 16 });
    const { gflops = 0, ms: productMs = 0 } = product ?? {};
    expect(gflops * productMs * 1e6).toBeCloseTo(2 * 16 * 8, 6);
    expect(hashedBytes).toBeGreaterThan(0);
    expect(copiedBytes).toBeGreaterThan(0);
  });
});

test("operators that are computed together are told as one", async () => {
  const whole = planFor(model, named, "layer");
  const profiler = new Profiler();
  const machine = profiler.machine(new WasmMachine(1), whole);
  const request = { model, digest, inputs: named, plan: whole, hasher: nodeHasher };
  await runModel({ ...request, machine, key: new Uint8Array(32).fill(7) });
  const { operators } = profileOf(whole, profiler.spans);
  const together = operators.find((o) => o.name === "/h1/Add");
  // x, the weight and the bias, but nothing that lies between.
  expect(together?.operator).toBe("MatMul + Add");
  expect(together).toMatchObject({ readBytes: 4 * (16 + 64 + 8), writtenBytes: 4 * 16 });
  const titles = chromeTrace(whole, profiler.spans).traceEvents.map((e) => e.name);
  expect(titles.some((t) => t === "MatMul + Add /h1/Add")).toBe(true);
});

describe("the trace of a run", () => {
  test("has an event for every span, and the hashing thread in a track of its own", async () => {
    const profiler = new Profiler();
    // As another thread tells it: its clock is that of the process.
    const thread: HashThread = {
      begin(tensor) {
        const start = performance.now();
        const digest = commitTensor(nodeHasher, tensor);
        const ms = performance.now() - start;
        profiler.hashed(tensor.bytes.length, performance.timeOrigin + start, ms);
        return settled(digest);
      },
      close: async () => {},
    };
    await run(new InterpreterMachine(), profiler, thread);
    const { traceEvents } = JSON.parse(JSON.stringify(chromeTrace(plan, profiler.spans)));
    const events = traceEvents.filter((e: { ph: string }) => e.ph === "X");
    expect(events.length).toBe(profiler.spans.length);
    expect(events[0]).toMatchObject({ name: "run", tid: 1 });
    const hashed = profiler.spans.filter((s) => s.thread === "hashing");
    requireNested(hashed);
    const asked = profiler.spans.filter((s) => s.kind === "hash" && s.thread === "main");
    expect(hashed.length).toBe(asked.length);
    expect(events.filter((e: { tid: number }) => e.tid === 2).length).toBe(hashed.length);
    for (const e of events) expect(e).toEqual(expect.objectContaining({ dur: expect.any(Number) }));
  });
});
