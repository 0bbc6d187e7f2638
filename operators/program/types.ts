import type { DType, RegisterType } from "../dtype.js";
import type { FunctionOp, MicroOp } from "./micro-ops.js";

/**
 * An operator is data. An element program says, for one output element, what it reads, how it folds
 * over the fold coordinate, and how it finishes; it is the definition that the interpreter runs
 * literally and from which the WebAssembly backend generates code.
 *
 * For the element at output coordinate `o` (row-major over `out`):
 *
 *   state = init
 *   for k over `fold`, row-major:  if every affine in `when` is ≥ 0 at (o, k): state = step(o, k, state)
 *   element = finish(o, state), stored as `dtype`
 *
 * A pure map has `fold = []`, no state and an empty step: the element is finish(o).
 * A fold with a zero dim is empty: the element is finish(o, init).
 */
export interface ElementProgram {
  /** Everything the program may read, by position. */
  readonly sources: readonly SourceType[];
  /** Dtype of the stored element; the finishing register must be storable as it. */
  readonly dtype: DType;
  /** Any row-major factorisation of the output's dims. Rank ≤ 8. */
  readonly out: readonly number[];
  /** Dims folded, in this order, last fastest. Rank ≤ 8. */
  readonly fold: readonly number[];
  /** Conjunction of affine ≥ 0 in (o, k). A step outside is skipped and the state unchanged. */
  readonly when: readonly Affine[];
  /** Initial state words, 0 (pure map) to 4. */
  readonly init: readonly Literal[];
  /** Yields one register per state word. */
  readonly step: Body;
  /** Yields one register: the element. Its code may not use fold coordinates. */
  readonly finish: Body;
}

export interface SourceType {
  readonly dtype: DType;
  /** Number of elements; a read's view is a row-major factorisation of it. */
  readonly length: number;
}

/** `constant + Σ out[i]·o[i] + Σ fold[j]·k[j]`, exact, proved |value| < 2^48. Arrays have full rank. */
export interface Affine {
  readonly constant: number;
  readonly out: readonly number[];
  readonly fold: readonly number[];
}

/** An affine plus integer registers, for gathers: `… + Σ coefficient · register` (i64 registers). */
export interface IndexExpression extends Affine {
  readonly registers: readonly { readonly register: number; readonly coefficient: number }[];
}

/** A value by its bits, in the width of its type; floats never hold a non-canonical NaN. */
export interface Literal {
  readonly type: RegisterType;
  readonly bits: bigint;
}

/** Straight-line SSA: instruction i defines register i and uses only earlier ones. */
export interface Body {
  readonly code: readonly Instruction[];
  readonly results: readonly number[];
}

export type Instruction =
  | { readonly kind: "constant"; readonly value: Literal }
  /** The state word before this step (in `step`) or after the fold (in `finish`). */
  | { readonly kind: "state"; readonly index: number }
  /** An affine coordinate as i64. */
  | { readonly kind: "coordinate"; readonly value: Affine }
  | ReadInstruction
  | { readonly kind: "operate"; readonly op: MicroOp; readonly args: readonly number[] };

/**
 * Reads one element of a source seen with the dims `view`, one index per axis. Total: an index
 * outside its axis on any axis yields `pad`. The register type follows the source's dtype.
 */
export interface ReadInstruction {
  readonly kind: "read";
  readonly source: number;
  readonly view: readonly number[];
  readonly index: readonly IndexExpression[];
  readonly pad: Literal;
}

/** A function of registers as straight-line data, without reads: exp, log, … */
export interface ScalarFunction {
  readonly name: FunctionOp;
  readonly parameters: readonly RegisterType[];
  readonly code: readonly FunctionInstruction[];
  /** The register that is the function's value. */
  readonly result: number;
}

export type FunctionInstruction =
  | { readonly kind: "constant"; readonly value: Literal }
  | { readonly kind: "parameter"; readonly index: number }
  | { readonly kind: "operate"; readonly op: MicroOp; readonly args: readonly number[] };

/** Static limits, so that one step always fits the smallest referee. */
export const LIMITS = {
  rank: 8,
  states: 4,
  conditions: 16,
  sources: 64,
  /** Instructions in `step` or `finish`. */
  instructions: 512,
  /** Affine values and element counts stay below this. */
  extent: 2 ** 48,
} as const;
