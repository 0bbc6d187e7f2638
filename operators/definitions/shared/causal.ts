import { AssayError } from "../../errors.js";
import type { ReadInstruction } from "../../program/types.js";
import type { Stage } from "../definition.js";

/**
 * Proves that a stage of a recurrence reads only what has been computed: of itself and of siblings
 * after it slices before t, of siblings before it slices up to t. The index along t must be t plus a
 * constant; more than that no definition needs. Throws `program/invalid`.
 *
 * `first` is the recurrence's first stage, `own` this one.
 */
export function requireCausal(stage: Stage, first: number, own: number, steps: number): void {
  const { program } = stage;
  for (const body of [program.step, program.finish]) {
    for (const instruction of body.code) {
      if (instruction.kind !== "read") continue;
      const source = stage.sources[instruction.source];
      if (source?.kind !== "stage" || source.index < first) continue;
      const latest = source.index < own ? 0 : -1;
      if (!isBefore(instruction, steps, latest)) {
        throw new AssayError("program/invalid", `stage "${stage.name}" reads ahead of itself`);
      }
    }
  }
}

/** Whether the read's index along t is t + c with c ≤ `latest`. */
function isBefore({ view, index }: ReadInstruction, steps: number, latest: number): boolean {
  const time = index[0];
  if (view[0] !== steps || time === undefined || time.registers.length > 0) return false;
  const isTime = time.out.every((c, i) => c === (i === 0 ? 1 : 0));
  return isTime && time.fold.every((c) => c === 0) && time.constant <= latest;
}
