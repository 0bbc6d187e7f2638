import { AssayError, type Lowering, type Tensor } from "../../../operators/index.js";
import type { PLAN_LIMITS } from "../limits.js";
import type { Provenance } from "../provenance.js";
import type { Scope, Slot } from "../scope.js";
import type { GraphNode, Subgraph } from "../types.js";
import type { KnownValue } from "../values.js";

/**
 * An operator that runs graphs. It is no element program: what it does is known when shapes are bound,
 * and then its graphs' nodes become nodes of the plan.
 */
export interface ControlFlow {
  /** In the domain ai.onnx. */
  readonly name: string;
  /** As in `OperatorDefinition`. */
  readonly versions: readonly number[];
  /** What the node's outputs are, at least as many as it names. */
  inline(call: InlineCall): readonly Slot[];
}

export interface InlineCall {
  readonly node: GraphNode;
  /** One per input; `undefined` where one is left out. */
  readonly inputs: readonly (Slot | undefined)[];
  readonly at: At;
  readonly inliner: Inliner;
}

/** Where a node stands. */
export interface At {
  /** Readable: "Loop_2[5]/Add_0". */
  readonly path: string;
  /** Positions of the nodes and names of the attributes on the way, the same in every iteration. */
  readonly place: string;
  readonly scope: Scope;
}

/** A node of the plan before its tensors have numbers. */
export interface PlannedStep {
  readonly name: string;
  readonly domain: string;
  readonly operator: string;
  readonly version: number;
  /** Readable names of its outputs. */
  readonly outputs: readonly string[];
}

/** What the operators here need of the plan in the making. */
export interface Inliner {
  count(what: keyof typeof PLAN_LIMITS, amount: number): void;
  known(name: string, value: KnownValue, from: Provenance): Slot;
  /** The value that decides `what`; inputs that it comes from steer. Throws `graph/data-dependent`. */
  decisive(slot: Slot, what: string): Tensor;
  /** A scope for the subgraph's nodes, with its initializers. */
  open(graph: Subgraph, path: string, place: string, outer: Scope): Scope;
  /** Whether all nodes could be bound; problems are noted. */
  bindNodes(nodes: readonly GraphNode[], scope: Scope): boolean;
  /** Computes the step now where that is done, else adds it to the plan. */
  apply(step: PlannedStep, inputs: readonly (Slot | undefined)[], lowering: Lowering): Slot[];
}

export function invalidAt({ path }: At, message: string): AssayError {
  return new AssayError("operator/invalid", `${path}: ${message}`);
}

export function unsupportedAt({ path }: At, message: string): AssayError {
  return new AssayError("operator/unsupported", `${path}: ${message}`);
}
