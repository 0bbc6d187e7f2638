import type { Tensor } from "../../operators/index.js";
import type { Digest } from "../merkle/hash.js";

/**
 * A run as its owner sees it. What the receipt commits to lies ready; everything finer is computed
 * when asked for, by running one segment again.
 */
export interface TraceProvider {
  /** Commitments of the live values after each segment, in the order of the plan. */
  readonly boundaries: readonly (readonly Digest[])[];
  /** Commitments in graph index order. */
  readonly inputs: readonly Digest[];
  readonly outputs: readonly Digest[];
  readonly weights: readonly Digest[];
  /** Where the receipt is salted. */
  readonly salt?: Uint8Array | undefined;
  /** Commitments of every output of every operator of a segment, by value id. */
  results(segment: number): Promise<ReadonlyMap<number, Digest>>;
  /** Bytes of values that operator `node` reads or gives, in the order asked for. */
  tensors(node: number, values: readonly number[]): Promise<readonly Uint8Array[]>;
  /** The results of all stages of operator `node`, under the dims of their programs. */
  stages(node: number): Promise<readonly Tensor[]>;
}
