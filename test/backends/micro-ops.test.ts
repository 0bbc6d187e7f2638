import { describe, expect, it } from "vitest";
import { expectSameBytes, programBackends } from "./conformance.js";
import { MICRO_OP_CASES, mapOf, operandsOf } from "./micro-op-cases.js";

/**
 * Every micro-op on every combination of edge values, in vectors and, with operands that are the
 * same in all lanes, in scalars; results are stored, so every bit of them counts.
 */
describe.each(programBackends())("$name", (backend) => {
  it.each(MICRO_OP_CASES)("%s", (op) => {
    const operands = operandsOf(op);
    for (let uniform = 0; uniform < 2 ** operands.length; uniform++) {
      const program = mapOf(op, operands, uniform);
      const want = expectSameBytes(backend, program, operands);
      expect(want.bytes.length).toBeGreaterThan(0);
    }
  });
});
