import {
  AssayError,
  type ElementProgram,
  type Lowering,
  runProgram,
  type Tensor,
  WasmBackend,
} from "../../operators/index.js";
import type { Recompute } from "../dispute/rules.js";

/** How one element program is run; every conformant backend gives the same bits. */
export type ProgramRunner = (program: ElementProgram, sources: readonly Tensor[]) => Tensor;

/** A referee's arithmetic on a backend of its choice. */
export function recomputeWith(run: ProgramRunner): Recompute {
  return (node, inputs) => runStages(node.lowering, inputs, run);
}

export const interpreterRunner: ProgramRunner = (program, sources) => runProgram(program, sources);

/**
 * Generated WebAssembly on one thread, tens of times faster on a convolution. Modules and one memory
 * are kept between calls. Throws `backend/unavailable` where the engine has no SIMD, and for tensors
 * that together exceed 4 GiB.
 */
export function wasmRunner(): ProgramRunner {
  const backend = new WasmBackend();
  return (program, sources) => backend.run(program, sources);
}

function runStages(
  lowering: Lowering,
  inputs: readonly (Tensor | undefined)[],
  run: ProgramRunner,
): Tensor[] {
  const results: Tensor[] = [];
  for (const stage of lowering.stages) {
    const sources = stage.sources.map((s) => {
      const tensor = s.kind === "input" ? inputs[s.index] : results[s.index];
      if (!tensor)
        throw new AssayError("operator/invalid", `"${stage.name}" reads a missing input`);
      return tensor;
    });
    results.push(run(stage.program, sources));
  }
  return lowering.outputs.map(({ dtype, dims, stage }) => {
    return { dtype, dims, bytes: (results[stage] as Tensor).bytes };
  });
}
