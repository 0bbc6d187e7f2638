import { WasmBackend } from "../../operators/index.js";
import type { Recompute } from "../dispute/rules.js";
import { type ProgramRunner, runLowering } from "../graph/run-lowering.js";

export { interpreterRunner, type ProgramRunner } from "../graph/run-lowering.js";

/** A referee's arithmetic on a backend of its choice. */
export function recomputeWith(run: ProgramRunner): Recompute {
  return (node, inputs) => runLowering(node.lowering, inputs, run);
}

/**
 * Generated WebAssembly on one thread, tens of times faster on a convolution. Modules and one memory
 * are kept between calls. Throws `backend/unavailable` where the engine has no SIMD, and for tensors
 * that together exceed 4 GiB.
 */
export function wasmRunner(): ProgramRunner {
  const backend = new WasmBackend();
  return (program, sources) => backend.run(program, sources);
}
