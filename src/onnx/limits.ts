/**
 * What a file may ask of the importer. Each limit bounds memory by a constant or by the bytes that
 * are really there; all of them are far above what published models need.
 */
export interface OnnxLimits {
  /** Messages (nodes, attributes, tensors, dims, …), subgraphs included: ≈ 300 bytes each. */
  readonly messages: number;
  /** Numbers written one by one instead of as raw bytes: 8–32 bytes each once read. */
  readonly numbers: number;
  /** UTF-8 bytes of one name. */
  readonly nameBytes: number;
  /** Subgraphs inside subgraphs. */
  readonly subgraphDepth: number;
}

export const DEFAULT_LIMITS: OnnxLimits = {
  messages: 2 ** 21,
  numbers: 2 ** 26,
  nameBytes: 2 ** 16,
  subgraphDepth: 16,
};

/** What is left of the limits while one file is read. */
export interface Budget {
  messages: number;
  numbers: number;
  readonly nameBytes: number;
}

export function budgetOf(limits: OnnxLimits): Budget {
  return { messages: limits.messages, numbers: limits.numbers, nameBytes: limits.nameBytes };
}
