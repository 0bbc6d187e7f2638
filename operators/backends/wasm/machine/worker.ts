import { parentPort, workerData } from "node:worker_threads";
import { contractionExports } from "./contractor.js";
import { serve, type WorkerSetup } from "./crew.js";
import { type KernelRun, StepRunner } from "./steps.js";

/** A thread of the crew: its own instances over the machine's memory. */
const setup = workerData as WorkerSetup;
const imports = { env: { memory: setup.memory } };
const kernels = setup.modules.map((module) => {
  return new WebAssembly.Instance(module, imports).exports.run as KernelRun;
});
const contraction = contractionExports(setup.contraction, setup.memory);
const runner = new StepRunner(kernels, contraction, setup.workspace);

parentPort?.postMessage("ready");
serve(new Int32Array(setup.control), setup.steps, runner);
