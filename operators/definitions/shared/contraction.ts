import type { Index } from "../../program/builder.js";
import type { Operand } from "./context.js";
import type { Read, Reads } from "./reads.js";

/** A fold of products of two operands as coordinates: a matrix product or a convolution. */
export interface Contraction {
  readonly out: readonly number[];
  readonly fold: readonly number[];
  /** Dims of the result, of which `out` is a factorisation. */
  readonly dims: readonly number[];
  readonly left: Seen;
  readonly right: Seen;
  /** Whether a step may read padding around the left operand. */
  readonly padded: boolean;
  /**
   * The read of a scale or zero point: one element, or, where the operator allows it, one per row or
   * column. Throws `operator/invalid` where its dims are something else.
   */
  parameter(reads: Reads, operand: Operand, of: Side): Read;
}

export type Side = "left" | "right" | "result";

/** Dims that an operand is seen with, and where a step reads it. */
export interface Seen {
  readonly dims: readonly number[];
  readonly index: readonly Index[];
}
