import { AssayError, bytesEqual } from "../../operators/basis.js";
import { DIGEST_SIZE, type Digest, type Hasher } from "./hash.js";
import { type RootTag, wrapRoot } from "./tags.js";
import { buildTree, leafHash, type MerkleTree, proveLeaf, rootFromProof } from "./tree.js";

/** Leaf bodies committed in order under one tag: trace, plan, inputs, outputs, weights. */
export interface CommittedList {
  readonly tag: RootTag;
  readonly tree: MerkleTree;
  /** The wrapped root. */
  readonly root: Digest;
}

export function commitList(
  hasher: Hasher,
  tag: RootTag,
  bodies: readonly Uint8Array[],
): CommittedList {
  const leaves = new Uint8Array(bodies.length * DIGEST_SIZE);
  bodies.forEach((body, i) => {
    leaves.set(leafHash(hasher, body), i * DIGEST_SIZE);
  });
  const tree = buildTree(hasher, leaves);
  return { tag, tree, root: wrapRoot(hasher, tag, tree.count, tree.root) };
}

/** Siblings of entry `index`, lowest first. Throws `proof/invalid` where there is none. */
export function proveEntry(list: CommittedList, index: number): Digest[] {
  return proveLeaf(list.tree, index);
}

/**
 * Checks that `body` is entry `index` of the `count` entries under the wrapped `root`. Throws
 * `proof/invalid` for an index or a number of siblings that the count does not allow, and for
 * anything that leads to another root. What the body says is for the caller to check.
 */
export function verifyEntry(
  hasher: Hasher,
  tag: RootTag,
  root: Digest,
  count: number,
  index: number,
  body: Uint8Array,
  siblings: readonly Digest[],
): void {
  const leaf = leafHash(hasher, body);
  const inner = rootFromProof(hasher, count, { level: 0, index }, leaf, siblings);
  verifyWrap(hasher, tag, root, count, inner);
}

/** Checks that `root` wraps the Merkle root `inner` of `count` leaves. Throws `proof/invalid`. */
export function verifyWrap(
  hasher: Hasher,
  tag: RootTag,
  root: Digest,
  count: number,
  inner: Digest,
): void {
  if (!bytesEqual(wrapRoot(hasher, tag, count, inner), root)) {
    throw new AssayError("proof/invalid", `the proof leads to another root of ${count} entries`, {
      facts: { tag, count },
    });
  }
}
