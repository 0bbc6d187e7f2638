// A process that loads one model and runs it, as somebody would who does nothing else, and says what it
// took of memory at its fullest. Plain JavaScript on what was built: a loader of TypeScript would count.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const from = (path) => import(join(ROOT, "dist", path));
const { runtime, model, dims, runs } = JSON.parse(process.argv[2]);

/** MB (10^6 bytes). Not getrusage, which a child takes over from its parent. */
function peak() {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if (kib === undefined) throw new Error("/proc/self/status has no VmHWM");
  return (Number(kib) * 1024) / 1e6;
}

/** By runtime: loads the model and yields one run, its output copied out. */
const LOAD = {
  node: async () => () => {},

  "assay native": () => assay("native"),
  assay: () => assay("wasm"),

  async "ort-node"() {
    const { InferenceSession, Tensor } = await import("onnxruntime-node");
    const session = await InferenceSession.create(model, {
      executionProviders: ["cpu"],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
    });
    const feeds = { [session.inputNames[0]]: new Tensor("float32", values(), dims) };
    return () => session.run(feeds);
  },
};

async function assay(backend) {
  const [{ loadModelFile }, { planFor }, { Session }, { createMachine }] = await Promise.all([
    from("src/files/load-model.js"),
    from("src/execute/run-model.js"),
    from("src/execute/session.js"),
    from("src/execute/backend.js"),
  ]);
  const loaded = loadModelFile(model);
  const input = { dtype: "f32", dims, bytes: new Uint8Array(values().buffer) };
  const plan = planFor(loaded, new Map([[loaded.graph.inputs[0].name, input]]));
  const session = await Session.open(plan, loaded.weights, createMachine({ backend, threads: 1 }));
  return () => {
    session.setInputs([input]);
    session.runNodes(0, plan.nodes.length);
    return plan.outputs.map(({ value }) => session.tensor(value));
  };
}

function values() {
  return Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => (i % 64) / 64);
}

const run = await LOAD[runtime]();
const loaded = peak();
for (let i = 0; i < runs; i++) await run();
process.stdout.write(JSON.stringify({ loaded, peak: peak() }));
