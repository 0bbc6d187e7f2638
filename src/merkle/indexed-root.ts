import { AssayError, ByteWriter } from "../../operators/basis.js";
import { DIGEST_SIZE, type Digest, type Hasher } from "./hash.js";
import { type CommittedList, commitList, verifyEntry } from "./list.js";
import { LEAF_TAGS, ROOT_TAGS } from "./tags.js";

/**
 * Tensors by position: graph inputs, graph outputs, weights, each in graph index order, and the slices
 * of a recurrence in the order in which they are computed. A leaf binds the index and the commitment. Names are for people and prove nothing, so they are not in it: the
 * graph, which the model digest covers, says which name has which index.
 */
export type IndexedKind = "inputs" | "outputs" | "weights" | "slices";

const TAGS = {
  inputs: { leaf: LEAF_TAGS.input, root: ROOT_TAGS.inputs },
  outputs: { leaf: LEAF_TAGS.output, root: ROOT_TAGS.outputs },
  weights: { leaf: LEAF_TAGS.weight, root: ROOT_TAGS.weights },
  slices: { leaf: LEAF_TAGS.slice, root: ROOT_TAGS.slices },
} as const;

/** tag u8 ‖ index u64 ‖ commitment: 41 bytes. */
export function indexedBody(kind: IndexedKind, index: number, commitment: Digest): Uint8Array {
  if (commitment.length !== DIGEST_SIZE) {
    throw new AssayError(
      "proof/invalid",
      `${kind} ${index}: a commitment has ${DIGEST_SIZE} bytes`,
    );
  }
  const w = new ByteWriter();
  w.u8(TAGS[kind].leaf);
  w.i64(index);
  w.raw(commitment);
  return w.bytes();
}

/** All of them, with the tree kept for proofs. */
export function indexedList(
  hasher: Hasher,
  kind: IndexedKind,
  commitments: readonly Digest[],
): CommittedList {
  const bodies = commitments.map((c, i) => indexedBody(kind, i, c));
  return commitList(hasher, TAGS[kind].root, bodies);
}

export function indexedRoot(
  hasher: Hasher,
  kind: IndexedKind,
  commitments: readonly Digest[],
): Digest {
  return indexedList(hasher, kind, commitments).root;
}

/** Checks one commitment against its root. Throws `proof/invalid`. */
export function verifyIndexed(
  hasher: Hasher,
  kind: IndexedKind,
  root: Digest,
  count: number,
  index: number,
  commitment: Digest,
  siblings: readonly Digest[],
): void {
  const body = indexedBody(kind, index, commitment);
  verifyEntry(hasher, TAGS[kind].root, root, count, index, body, siblings);
}
