import { AssayError } from "../../operators/basis.js";

/**
 * What a model may ask of whoever binds it. A few kilobytes of file could otherwise make a plan that
 * no verifier can hold, or a constant that takes days to fold. All of them are far above what
 * published models need; beyond them binding ends with `model/too-large`.
 */
export const PLAN_LIMITS = {
  /** Nodes that are bound, those of a loop's body once per iteration. A node takes about 5 KB of plan. */
  nodes: 2 ** 17,
  /** Iterations of all loops and scans together. */
  iterations: 2 ** 14,
  /**
   * Names and list items that bound nodes and subgraphs mention, once per iteration too: a node may have
   * any number of them, so the count of nodes alone bounds no work.
   */
  mentions: 2 ** 22,
  /** Subgraphs inside subgraphs. */
  subgraphDepth: 16,
  /** Element programs of all nodes that run. */
  stages: 2 ** 17,
  /** Instructions of all these programs; a read among them takes about 300 bytes. */
  instructions: 2 ** 22,
  /** Element programs of one node, which all take their place in memory at the same time. */
  stagesOfNode: 2 ** 12,
  /** Live values, summed over the nodes that run. */
  live: 2 ** 23,
  /** Dims of a tensor; more have no commitment. */
  rank: 255,
  /** Instructions that all folded nodes together execute: some ten seconds of the interpreter. */
  foldSteps: 2 ** 28,
  /** Elements of all values that were folded: a loop may make many of them. */
  foldedElements: 2 ** 24,
} as const;

/**
 * A node that executes more instructions than this is not folded, however small its tensors: a window or a
 * contraction can be long without its tensors being large. Part of what a plan is.
 */
export const FOLD_STEPS = 2 ** 20;

/** Throws `model/too-large` where a count is above its limit. */
export function requireWithin(what: keyof typeof PLAN_LIMITS, count: number): void {
  const limit = PLAN_LIMITS[what];
  if (count <= limit) return;
  throw new AssayError("model/too-large", `binding takes more than ${limit} ${WORDS[what]}`, {
    facts: { what, limit },
  });
}

const WORDS = {
  nodes: "nodes",
  iterations: "iterations of loops",
  mentions: "names and attribute items",
  subgraphDepth: "subgraphs inside each other",
  stages: "element programs",
  instructions: "instructions",
  stagesOfNode: "element programs for one node",
  rank: "dims of one tensor",
  live: "live tensors",
  foldSteps: "instructions of folding",
  foldedElements: "elements of folded values",
} as const;
