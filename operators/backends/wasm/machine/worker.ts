import { parentPort, workerData } from "node:worker_threads";
import { contractionExports } from "./contractor.js";
import { CONTROL, claimChunks, SPINS, STOP, type WorkerSetup } from "./crew.js";
import { type KernelRun, type Step, StepRunner } from "./steps.js";

/** A thread of the crew: sleeps until a step is announced, runs chunks, reports, sleeps. */
const setup = workerData as WorkerSetup;
const control = new Int32Array(setup.control);
const imports = { env: { memory: setup.memory } };
const kernels = setup.modules.map((module) => {
  return new WebAssembly.Instance(module, imports).exports.run as KernelRun;
});
const contraction = contractionExports(setup.contraction, setup.memory);
const runner = new StepRunner(kernels, contraction, setup.workspace);

parentPort?.postMessage("ready");

let seen = 0;
for (;;) {
  const generation = awaitGeneration(seen);
  seen = generation;
  const index = Atomics.load(control, CONTROL.step);
  if (index === STOP) break;
  try {
    claimChunks(control, setup.steps[index] as Step, runner);
  } catch {
    Atomics.store(control, CONTROL.failed, 1);
  }
  if (Atomics.sub(control, CONTROL.left, 1) === 1) Atomics.notify(control, CONTROL.left);
}

function awaitGeneration(last: number): number {
  for (let spins = 0; ; spins++) {
    const now = Atomics.load(control, CONTROL.generation);
    if (now !== last) return now;
    if (spins > SPINS) Atomics.wait(control, CONTROL.generation, last);
  }
}
