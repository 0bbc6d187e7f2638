import type { Applied } from "../program/compose.js";

/**
 * What a plan computes before anything has a place: programs over numbered tensors. A tensor is made
 * once and never changes.
 */
export interface WorkCall extends Applied {
  /** The tensor that it makes. */
  readonly result: number;
}

/** One entry of the list that a plan runs, in order. */
export interface Work {
  /** One call, or those of a recurrence. */
  readonly calls: readonly WorkCall[];
  /** Steps of a recurrence. */
  readonly scan?: number;
  /** Ascending: the operators whose work this is. It runs where the last of them stood. */
  readonly nodes: readonly number[];
}

export interface FusionLimits {
  /** Whether a tensor must exist: somebody commits to it or it leaves the run. */
  readonly needed: (tensor: number) => boolean;
  /** Whether the bytes of a tensor never change, so that a machine may pack it once. */
  readonly constant: (tensor: number) => boolean;
  /** A number per operator; work is fused only where it is the same. */
  readonly segmentOf: (node: number) => number;
}
