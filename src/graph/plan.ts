import type { Lowering, TensorType } from "../../operators/index.js";
import type { KnownValue } from "./values.js";

/**
 * A graph bound to shapes: what is executed, in which order, and what is committed after which
 * node. Everything in it follows from the model, the dims and the values of steering inputs, so
 * executor, verifier and referee derive the same plan independently.
 */
export interface Plan {
  readonly granularity: Granularity;
  /** Graph inputs in graph order, with their bound types. */
  readonly inputs: readonly PlanInput[];
  /** Initializers in file order. */
  readonly weights: readonly PlanWeight[];
  /** Values computed at binding that executed nodes or graph outputs use. */
  readonly constants: readonly KnownValue[];
  readonly values: readonly PlanValue[];
  /** Executed nodes in dependency order. */
  readonly nodes: readonly PlanNode[];
  /** Graph outputs in graph order: ids into `values`. */
  readonly outputs: readonly PlanOutput[];
  /** Cuts of the run; at least one segment. */
  readonly segments: readonly Segment[];
}

export type Granularity = "layer" | "operator";

export interface PlanInput extends TensorType {
  readonly name: string;
  readonly value: number;
  /** The input's value when it steers a shape, an axis or a branch. */
  readonly steering?: KnownValue;
}

export interface PlanWeight extends TensorType {
  readonly name: string;
  readonly value: number;
}

export interface PlanOutput {
  readonly name: string;
  readonly value: number;
}

/** A tensor of the plan; its id is its position. */
export interface PlanValue extends TensorType {
  readonly name: string;
  readonly origin: ValueOrigin;
}

/** Where a value comes from: the one place against which a referee checks a read of it. */
export type ValueOrigin =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "weight"; readonly index: number }
  | { readonly kind: "constant"; readonly index: number }
  | { readonly kind: "node"; readonly node: number; readonly output: number };

export interface PlanNode {
  /** Readable and not trusted. */
  readonly name: string;
  readonly domain: string;
  readonly operator: string;
  readonly version: number;
  /** Value ids by input position; `undefined` where an optional input is left out. */
  readonly inputs: readonly (number | undefined)[];
  /** Value ids by output position; every lowered output has one, named by the graph or not. */
  readonly outputs: readonly number[];
  readonly lowering: Lowering;
}

export interface Segment {
  /** Nodes `first` … `end − 1`. */
  readonly first: number;
  readonly end: number;
  /** Values that live on after the segment, in (node, output) order. */
  readonly live: readonly number[];
}
