import type { AttributeValue, DType, Tensor, TensorType } from "../../operators/index.js";

/**
 * A graph as its source file states it: nodes in file order, nothing optimised away. Names are for
 * people and for wiring; they prove nothing.
 */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly GraphNode[];
}

export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  /**
   * Each a number, a symbol that `bind` gives a value, or null where the file says nothing; null
   * as a whole where it does not even say the rank.
   */
  readonly dims: readonly (number | string | null)[] | null;
}

export interface GraphNode {
  /** Readable name; made from operator and position where the file has none. Unique. */
  readonly name: string;
  readonly domain: string;
  readonly operator: string;
  /** Since-version of the operator's schema. */
  readonly version: number;
  readonly attributes: NodeAttributes;
  /** Tensor names; "" is an optional input left out. */
  readonly inputs: readonly string[];
  /** Tensor names; "" is an output that nobody names. */
  readonly outputs: readonly string[];
}

export type NodeAttributes = ReadonlyMap<string, NodeAttribute>;

/** What a definition can read, or a graph that the node runs (see `CONTROL_FLOW`). */
export type NodeAttribute = AttributeValue | { readonly kind: "graph"; readonly value: Subgraph };

/**
 * A graph inside a node: a branch, a body. Its nodes also see the tensors of the graphs around it;
 * a name that it defines itself hides theirs.
 */
export interface Subgraph {
  readonly name: string;
  readonly inputs: readonly SubgraphValue[];
  readonly outputs: readonly SubgraphValue[];
  readonly initializers: readonly Initializer[];
  /** In an order in which they can run. */
  readonly nodes: readonly GraphNode[];
}

/** Inside, a file need not say types, and binding takes those of the tensors that really come. */
export interface SubgraphValue {
  readonly name: string;
  readonly type: Omit<ValueInfo, "name"> | null;
}

/** A weight of the model that only a subgraph sees. */
export interface Initializer {
  /** What the subgraph calls it. */
  readonly name: string;
  /** Its key in `Model.weights`. */
  readonly weight: string;
}

/** A graph with its weights (initializers), those of subgraphs included: in file order, outermost first. */
export interface Model {
  readonly graph: Graph;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/**
 * A model that may lack the elements of its large weights: all that binding and judging need. Those of
 * at most 1024 elements are whole tensors, because a plan may depend on their values.
 */
export interface Skeleton {
  readonly graph: Graph;
  readonly weights: ReadonlyMap<string, Tensor | TensorType>;
}
