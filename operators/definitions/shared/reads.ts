import type { BodyBuilder, Index, Register } from "../../program/builder.js";
import type { Operand } from "./context.js";
import type { Seen } from "./contraction.js";

/** One element of an operand, wherever in a program it is wanted. */
export type Read = (b: BodyBuilder) => Register;

/**
 * The operands of one stage, each with the dims it is seen with and the place where it is read: for
 * operators with many optional inputs that `step` and `finish` share.
 */
export class Reads {
  readonly operands: Operand[] = [];

  add(
    operand: Operand,
    dims: readonly number[],
    index: (b: BodyBuilder) => readonly Index[],
  ): Read {
    const view = { source: this.operands.length, dtype: operand.dtype, dims };
    this.operands.push(operand);
    return (b) => b.read(view, index(b));
  }

  at(operand: Operand, seen: Seen): Read {
    return this.add(operand, seen.dims, () => seen.index);
  }
}
