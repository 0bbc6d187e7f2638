import type { RegisterType } from "../../dtype.js";
import type { BodyBuilder, ProgramSpec, Register } from "../../program/builder.js";
import { zero } from "../../program/literal.js";

/**
 * The named building block of every contraction (rule 9): acc = +0; acc = fl(acc + fl(a·b)).
 * Backends recognise exactly this step. A later profile with fused multiply-add changes only this.
 */
export function multiplyAdd(
  type: RegisterType,
  operands: (step: BodyBuilder) => readonly [Register, Register],
): Pick<ProgramSpec, "init" | "step"> {
  return {
    init: [zero(type)],
    step: (s) => {
      const [a, b] = operands(s);
      return [s.add(s.state(0), s.mul(a, b))];
    },
  };
}
