// One side of a comparison, in a process of its own: takes the build that lies in the folder of its
// first argument, prepares one section, then runs a round whenever its parent asks for one. Plain
// JavaScript, so that no loader touches the code that is measured.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";

const [, , root] = process.argv;
const from = (path) => import(join(root, "dist", path));

/** By the kind of a section: prepares it, and yields what one call is. */
const KINDS = {
  async run({ model, dims, backend, threads = 1 }) {
    const { readFileSync } = await import("node:fs");
    const [{ importOnnx }, { planFor }, { Session }, { createMachine }] = await Promise.all([
      from("src/onnx/import.js"),
      from("src/execute/run-model.js"),
      from("src/execute/session.js"),
      from("src/execute/backend.js"),
    ]);
    const loaded = importOnnx(new Uint8Array(readFileSync(model)));
    const input = tensor(dims);
    const plan = planFor(loaded, new Map([[loaded.graph.inputs[0].name, input]]), "layer");
    const machine = createMachine({ ...(backend ? { backend } : {}), threads });
    const session = await Session.open(plan, loaded.weights, machine);
    const call = () => {
      session.setInputs([input]);
      session.runNodes(0, plan.nodes.length);
      return plan.outputs.map(({ value }) => session.tensor(value));
    };
    return { call, bits: () => call().map((t) => t.bytes) };
  },

  async hashing({ dims }) {
    const [{ commitTensor }, { nodeHasher }] = await Promise.all([
      from("src/merkle/tensor-tree.js"),
      from("src/merkle/node-hash.js"),
    ]);
    const input = tensor(dims);
    const call = () => commitTensor(nodeHasher, input);
    return { call, bits: () => [call()] };
  },

  async command({ args }) {
    const { cli } = await from("src/cli/cli.js");
    const nowhere = { write: () => true };
    const call = () => cli(args, { stdout: nowhere, stderr: nowhere });
    return { call, bits: async () => [Uint8Array.of(await call())] };
  },

  async process({ args }) {
    const argv = [join(root, "dist/src/cli/main.js"), ...args];
    const call = () => {
      const { status, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8" });
      if (status !== 0) throw new Error(`ended with ${status}: ${stderr}`);
    };
    return { call, bits: () => [] };
  },
};

function tensor(dims) {
  const values = new Float32Array(dims.reduce((a, b) => a * b, 1));
  let state = 1;
  for (let i = 0; i < values.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = state / 2 ** 31;
  }
  return { dtype: "f32", dims, bytes: new Uint8Array(values.buffer) };
}

let prepared;

async function timed(calls) {
  const start = performance.now();
  for (let i = 0; i < calls; i++) await prepared.call();
  return (performance.now() - start) / calls;
}

async function prepare(section, warmMs) {
  prepared = await KINDS[section.kind](section);
  let ms = await timed(1);
  for (const end = performance.now() + warmMs; performance.now() < end; ) {
    ms = Math.min(ms, await timed(1));
  }
  const digest = createHash("sha256");
  for (const bytes of await prepared.bits()) digest.update(bytes);
  return { ms, bits: digest.digest("hex") };
}

process.on("message", async ({ section, warmMs, calls }) => {
  try {
    process.send(section ? await prepare(section, warmMs) : { ms: await timed(calls) });
  } catch (error) {
    process.send({ failed: String(error?.message ?? error) });
  }
});
process.on("disconnect", () => process.exit(0));
