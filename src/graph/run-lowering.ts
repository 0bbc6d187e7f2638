import {
  AssayError,
  type ElementProgram,
  type Lowering,
  runProgram,
  type Tensor,
} from "../../operators/index.js";

/** How one element program is run; every conformant backend gives the same bits. */
export type ProgramRunner = (program: ElementProgram, sources: readonly Tensor[]) => Tensor;

export const interpreterRunner: ProgramRunner = (program, sources) => runProgram(program, sources);

/**
 * Runs an operator stage by stage, one entry of `inputs` per input position (`undefined` where an
 * optional one is left out), and yields one tensor per output. Throws `operator/invalid` where a
 * stage reads an input that is not there.
 */
export function runLowering(
  lowering: Lowering,
  inputs: readonly (Tensor | undefined)[],
  run: ProgramRunner = interpreterRunner,
): Tensor[] {
  const stages: Tensor[] = [];
  for (const stage of lowering.stages) {
    const sources = stage.sources.map((s) => {
      const tensor = s.kind === "input" ? inputs[s.index] : stages[s.index];
      if (!tensor) {
        throw new AssayError("operator/invalid", `stage "${stage.name}" reads a missing input`);
      }
      return tensor;
    });
    stages.push(run(stage.program, sources));
  }
  return lowering.outputs.map(({ dtype, dims, stage }) => {
    return { dtype, dims, bytes: (stages[stage] as Tensor).bytes };
  });
}
