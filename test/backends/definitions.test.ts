import { describe, expect, it } from "vitest";
import {
  type LoweredOutput,
  type Lowering,
  runProgram,
  type Tensor,
} from "../../operators/index.js";
import { runLowering } from "../../src/graph/run-lowering.js";
import { DEFINITION_CASES } from "../definitions/cases/index.js";
import type { DefinitionCase } from "../definitions/cases/types.js";
import { lowerNode } from "../support/run-definition.js";
import { expectSameBytes, type ProgramBackend, programBackends } from "./conformance.js";
import { edgeTensor } from "./edge-tensors.js";

/** Every stage of every definition on every backend, on edge values. */

function inputsOf(c: DefinitionCase, seed: number): (Tensor | undefined)[] {
  return c.inputs.map((t, i) => c.values?.[i] ?? (t && edgeTensor(t.dtype, t.dims, seed + 31 * i)));
}

/** Runs all stages; each backend gets the interpreter's intermediates. */
function runStages(
  backend: ProgramBackend,
  lowering: Lowering,
  inputs: readonly (Tensor | undefined)[],
): number {
  const results: Tensor[] = [];
  const scanned = scannedResults(lowering, inputs);
  for (const [i, stage] of lowering.stages.entries()) {
    // Stages of a recurrence read themselves, which only a machine can do (machine.test.ts).
    const known = scanned.get(i);
    if (known) {
      results.push(known);
      continue;
    }
    const sources = stage.sources.map((s) =>
      s.kind === "input" ? (inputs[s.index] as Tensor) : (results[s.index] as Tensor),
    );
    const want = runProgram(stage.program, sources);
    expectSameBytes(backend, stage.program, sources, want);
    results.push(want);
  }
  return results.length;
}

/** The interpreter's results of a recurrence's stages, by stage. */
function scannedResults(
  lowering: Lowering,
  inputs: readonly (Tensor | undefined)[],
): ReadonlyMap<number, Tensor> {
  const { scan } = lowering;
  if (!scan) return new Map();
  const members = lowering.stages.slice(scan.first, scan.end);
  const outputs = members.map(({ program }, i): LoweredOutput => {
    return { dtype: program.dtype, dims: program.out, stage: scan.first + i };
  });
  const results = runLowering({ ...lowering, outputs }, inputs);
  return new Map(results.map((t, i) => [scan.first + i, t]));
}

const byOperator = new Map<string, DefinitionCase[]>();
for (const c of DEFINITION_CASES) {
  const name = c.domain === "" ? c.operator : `${c.domain}.${c.operator}`;
  byOperator.set(name, [...(byOperator.get(name) ?? []), c]);
}

const [backend] = programBackends() as [ProgramBackend];

describe(backend.name, () => {
  it.each([...byOperator])("%s", (_, cases) => {
    let stages = 0;
    cases.forEach((c, seed) => {
      const inputs = inputsOf(c, seed);
      stages += runStages(backend, lowerNode({ ...c, inputs }), inputs);
    });
    expect(stages).toBeGreaterThanOrEqual(cases.length);
  });
});
