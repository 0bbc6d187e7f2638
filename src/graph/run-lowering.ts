import {
  AssayError,
  type ElementProgram,
  emptyTensor,
  type Lowering,
  runProgram,
  runScan,
  type Stage,
  type Tensor,
} from "../../operators/index.js";

/** How one element program is run; every conformant backend gives the same bits. */
export type ProgramRunner = (program: ElementProgram, sources: readonly Tensor[]) => Tensor;

export const interpreterRunner: ProgramRunner = (program, sources) => runProgram(program, sources);

/**
 * Runs an operator stage by stage, one entry of `inputs` per input position (`undefined` where an
 * optional one is left out), and yields one tensor per output. The stages of a recurrence run on the
 * interpreter: their slices are too small to be copied in and out of a backend. Throws
 * `operator/invalid` where a stage reads an input that is not there.
 */
export function runLowering(
  lowering: Lowering,
  inputs: readonly (Tensor | undefined)[],
  run: ProgramRunner = interpreterRunner,
): Tensor[] {
  const { stages, scan } = lowering;
  const results: Tensor[] = [];
  const sourcesOf = (stage: Stage): Tensor[] =>
    stage.sources.map((s) => {
      const tensor = s.kind === "input" ? inputs[s.index] : results[s.index];
      if (tensor) return tensor;
      throw new AssayError("operator/invalid", `stage "${stage.name}" reads a missing input`);
    });
  stages.forEach((stage, i) => {
    if (scan && i >= scan.first && i < scan.end) {
      results.push(emptyTensor(stage.program.dtype, stage.program.out));
      if (i + 1 < scan.end) return;
      const members = stages.slice(scan.first, scan.end);
      runScan(scan.steps, members, members.map(sourcesOf), results.slice(scan.first));
    } else results.push(run(stage.program, sourcesOf(stage)));
  });
  return lowering.outputs.map(({ dtype, dims, stage }) => {
    return { dtype, dims, bytes: (results[stage] as Tensor).bytes };
  });
}
