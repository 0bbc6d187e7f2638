import { describe, expect, it } from "vitest";
import { DEFINITIONS, type Tensor, validateProgram } from "../../operators/index.js";
import { lowerNode } from "../support/run-definition.js";
import { counting } from "../support/tensors.js";
import { DEFINITION_CASES } from "./cases/index.js";
import type { DefinitionCase } from "./cases/types.js";

/** The shared list of lowerings: complete, and each one lowers. */

function inputsOf(c: DefinitionCase): (Tensor | undefined)[] {
  return c.inputs.map((t, i) => c.values?.[i] ?? (t && counting(t.dtype, t.dims)));
}

describe("definition cases", () => {
  it("cover every definition that has programs", () => {
    const covered = new Set(DEFINITION_CASES.map((c) => `${c.domain}:${c.operator}`));
    const missing = DEFINITIONS.filter((d) => !d.fold)
      .map((d) => `${d.domain}:${d.name}`)
      .filter((n) => !covered.has(n));
    expect(missing).toEqual([]);
  });

  it("lower to valid programs whose values have the inputs' types", () => {
    for (const c of DEFINITION_CASES) {
      const inputs = inputsOf(c);
      inputs.forEach((t, i) => {
        expect(t && { dtype: t.dtype, dims: t.dims }).toEqual(c.inputs[i]);
      });
      const lowering = lowerNode({ ...c, inputs });
      for (const stage of lowering.stages) validateProgram(stage.program);
      expect(lowering.outputs.length).toBe(c.outputs ?? 1);
    }
    expect(DEFINITION_CASES.length).toBeGreaterThan(1000);
  });
});
