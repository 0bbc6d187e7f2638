import type { DType } from "../dtype.js";
import type { ElementProgram } from "../program/types.js";
import type { Tensor, TensorType } from "../tensor.js";

/**
 * An operator's definition: from attributes and input types to element programs.
 *
 * `lower` is pure and cheap. It yields a list of stages; each stage is one element program whose
 * sources are inputs of the operator or earlier stages. A plain operator has one stage, a composite
 * (softmax, norms, attention) several, whose results are its named intermediates.
 */
export interface OperatorDefinition {
  /** ONNX domain; "" is ai.onnx. */
  readonly domain: string;
  readonly name: string;
  /**
   * Since-versions of the ONNX schema that this definition covers, ascending. A node of opset n
   * uses the largest one ≤ n; a node older than the first is unsupported.
   */
  readonly versions: readonly number[];
  /**
   * Inputs (by position) whose *values* the definition needs when shapes are bound: shapes, axes,
   * pads. They arrive in `context.values`.
   */
  readonly steering?: readonly number[];
  lower(context: LoweringContext): Lowering;
  /**
   * Only for operators whose outputs follow from types and attributes alone (Shape, Constant,
   * ConstantOfShape): their values, one per output, computed when shapes are bound.
   */
  fold?(context: LoweringContext): readonly (Tensor | UniformTensor)[];
}

/** A tensor whose elements are all equal, so that large constants need not be materialised. */
export interface UniformTensor extends TensorType {
  /** One element's canonical bytes. */
  readonly element: Uint8Array;
}

export interface LoweringContext {
  /** For messages: the node's readable name. */
  readonly node: string;
  /** Since-version of the schema, one of `versions`. */
  readonly version: number;
  readonly attributes: Attributes;
  /** One entry per input; `undefined` where an optional input is left out. */
  readonly inputs: readonly (TensorType | undefined)[];
  /** Values of inputs that are known when shapes are bound (always so for steering inputs). */
  readonly values: readonly (Tensor | undefined)[];
  /** How many outputs the node names. */
  readonly outputCount: number;
}

export interface Lowering {
  readonly stages: readonly Stage[];
  /** One entry per output of the node, in order. */
  readonly outputs: readonly LoweredOutput[];
  /** The stages of a recurrence, which run step by step instead of one after the other. */
  readonly scan?: Scan;
}

/**
 * Stages `first` … `end − 1` take turns: for t = 0, 1, … slice t of each, in order. The first dim of
 * each is t, and each may read its own and its siblings' slices of earlier t, and slice t of the
 * siblings before it. `StageList.scan` proves that.
 */
export interface Scan {
  readonly first: number;
  readonly end: number;
  /** Extent of t. */
  readonly steps: number;
}

export interface LoweredOutput extends TensorType {
  /** The stage that computes it. Its `out` dims are a row-major factorisation of `dims`. */
  readonly stage: number;
}

export interface Stage {
  /** What this intermediate is: "max", "exp", "sum lanes"; "output" for a plain operator. */
  readonly name: string;
  readonly program: ElementProgram;
  /** Where each source of the program comes from. */
  readonly sources: readonly StageSource[];
  /**
   * What the coordinates of an element mean, for verdicts: axes whose sizes factor the stage's
   * elements, row-major. For people; nothing depends on it.
   */
  readonly axes?: readonly StageAxis[];
}

export interface StageAxis {
  readonly name: string;
  readonly size: number;
}

export type StageSource =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "stage"; readonly index: number };

/** ONNX attribute values; integers are exact. */
export type AttributeValue =
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "tensor"; readonly value: Tensor }
  | { readonly kind: "ints"; readonly value: readonly bigint[] }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  /** Something that is carried but that no definition may use: a graph, a sparse tensor, a type. */
  | { readonly kind: "opaque"; readonly what: string; readonly bytes: Uint8Array };

export type Attributes = ReadonlyMap<string, AttributeValue>;

export type FloatDType = Extract<DType, "f32" | "f16" | "bf16" | "f64">;
