import type { Tensor } from "../../operators/basis.js";
import type { Hasher } from "../merkle/hash.js";
import { commitTensor } from "../merkle/tensor-tree.js";

/** A commitment that is being computed. */
export interface Pending {
  /** Whether the tensor's bytes are read; until then they stay where and as they are. */
  isDone(): boolean;
  /** Waits for it: blocks this thread. */
  digest(): Uint8Array;
}

/**
 * Commits to tensors where they lie, on another thread, so that hashing a boundary overlaps the next
 * segment. In the order in which they are begun.
 */
export interface HashThread {
  begin(tensor: Tensor): Pending;
  close(): Promise<void>;
}

/** Told of every tensor when it was begun (ms since 1970) and how long it took. */
export type OnHashed = (bytes: number, startedAt: number, ms: number) => void;

/** Commits on the calling thread. */
export function hashHere(hasher: Hasher): HashThread {
  return {
    begin: (tensor) => settled(commitTensor(hasher, tensor)),
    close: async () => {},
  };
}

export function settled(digest: Uint8Array): Pending {
  return { isDone: () => true, digest: () => digest };
}
