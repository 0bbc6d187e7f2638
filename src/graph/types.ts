import type { Attributes, DType, Tensor } from "../../operators/index.js";

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
  readonly attributes: Attributes;
  /** Tensor names; "" is an optional input left out. */
  readonly inputs: readonly string[];
  /** Tensor names; "" is an output that nobody names. */
  readonly outputs: readonly string[];
}

/** A graph with its weights (initializers), in file order. */
export interface Model {
  readonly graph: Graph;
  readonly weights: ReadonlyMap<string, Tensor>;
}
