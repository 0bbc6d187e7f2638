import { AssayError, bytesEqual } from "../../operators/basis.js";
import { DIGEST_SIZE, type Digest, type Hasher } from "./hash.js";
import { proofSteps, requirePosition, type TreePosition } from "./shape.js";
import { TREE_TAGS } from "./tags.js";

/**
 * RFC 6962 trees (section 2.1): leaf H(00 ‖ body), node H(01 ‖ left ‖ right), a lone last node moves
 * up unchanged, no leaves hash to SHA-256 of nothing. Level by level in flat arrays: 10^6 leaves
 * take 65 MB.
 */
export interface MerkleTree {
  readonly count: number;
  /** `levels[l]` holds `widthAt(count, l)` digests; the last level is the root. */
  readonly levels: readonly Uint8Array[];
  readonly root: Digest;
}

export function leafHash(hasher: Hasher, body: Uint8Array): Digest {
  const message = new Uint8Array(1 + body.length);
  message[0] = TREE_TAGS.leaf;
  message.set(body, 1);
  return hasher.hash(message);
}

export function nodeHash(hasher: Hasher, left: Digest, right: Digest): Digest {
  const message = new Uint8Array(1 + 2 * DIGEST_SIZE);
  message[0] = TREE_TAGS.node;
  message.set(left, 1);
  message.set(right, 1 + DIGEST_SIZE);
  return hasher.hash(message);
}

export function emptyRoot(hasher: Hasher): Digest {
  return hasher.hash(new Uint8Array(0));
}

/** The whole tree over `leaves`, a flat array of leaf hashes. It keeps `leaves` as its level 0. */
export function buildTree(hasher: Hasher, leaves: Uint8Array): MerkleTree {
  const count = countOf(leaves);
  if (count === 0) return { count, levels: [], root: emptyRoot(hasher) };
  const levels = [leaves];
  let below = leaves;
  for (let width = count; width > 1; ) {
    const next = Math.ceil(width / 2);
    const level = new Uint8Array(next * DIGEST_SIZE);
    hashLevel(hasher, below, width, level);
    levels.push(level);
    below = level;
    width = next;
  }
  return { count, levels, root: digestAt(below, 0) };
}

/** The root alone. Works in place: `leaves` is overwritten. */
export function merkleRoot(hasher: Hasher, leaves: Uint8Array): Digest {
  const count = countOf(leaves);
  if (count === 0) return emptyRoot(hasher);
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    hashLevel(hasher, leaves, width, leaves);
  }
  return digestAt(leaves, 0);
}

function countOf(leaves: Uint8Array): number {
  if (leaves.length % DIGEST_SIZE === 0) return leaves.length / DIGEST_SIZE;
  throw new AssayError("proof/invalid", `${leaves.length} bytes are no list of leaf hashes`);
}

/** `to` may be `from`: node i is written after nodes 2i and 2i+1 have been copied out. */
function hashLevel(hasher: Hasher, from: Uint8Array, width: number, to: Uint8Array): void {
  if (hasher.batch) return hasher.batch.level(from, width, TREE_TAGS.node, to);
  const pair = pairMessage(from);
  const pairs = Math.floor(width / 2);
  for (let i = 0; i < pairs; i++) {
    pair.load(i);
    hasher.hashInto(pair.message, to, i * DIGEST_SIZE);
  }
  if (width % 2 === 1) to.set(digestAt(from, (width - 1) * DIGEST_SIZE), pairs * DIGEST_SIZE);
}

/**
 * One message buffer for the nodes of a level. Its two digests begin on a word, so that a pair is
 * copied as 16 words: 20 ns, where `set(subarray)` takes 46, beside the 310 of the hash itself.
 */
function pairMessage(level: Uint8Array): { message: Uint8Array; load: (pair: number) => void } {
  const size = 2 * DIGEST_SIZE;
  const buffer = new ArrayBuffer(4 + size);
  const message = new Uint8Array(buffer, 3);
  message[0] = TREE_TAGS.node;
  if (level.byteOffset % 4 !== 0) {
    const load = (i: number) => message.set(level.subarray(i * size, (i + 1) * size), 1);
    return { message, load };
  }
  const to = new Int32Array(buffer, 4);
  const from = new Int32Array(level.buffer, level.byteOffset, level.length / 4);
  const load = (i: number) => {
    const base = i * to.length;
    for (let word = 0; word < to.length; word++) to[word] = from[base + word] as number;
  };
  return { message, load };
}

/** The hash of the subtree at a position. Throws `proof/invalid` where there is none. */
export function nodeAt(tree: MerkleTree, position: TreePosition): Digest {
  requirePosition(tree.count, position);
  const { level, index } = position;
  const at = index * DIGEST_SIZE;
  return digestAt(tree.levels[level] as Uint8Array, at);
}

/** The siblings that lead from a position to the root, lowest first. */
export function siblingsOf(tree: MerkleTree, position: TreePosition): Digest[] {
  return proofSteps(tree.count, position).map((step) => nodeAt(tree, step.sibling));
}

/** Siblings of leaf `index`, lowest first. */
export function proveLeaf(tree: MerkleTree, index: number): Digest[] {
  return siblingsOf(tree, { level: 0, index });
}

/**
 * The root that `siblings` lead to from `hash` at `position` of a tree of `count` leaves. Throws
 * `proof/invalid` where the position is not in such a tree, or the proof has not exactly the length
 * that position and count demand.
 */
export function rootFromProof(
  hasher: Hasher,
  count: number,
  position: TreePosition,
  hash: Digest,
  siblings: readonly Digest[],
): Digest {
  const steps = proofSteps(count, position);
  requireDigest(hash, "hash");
  if (siblings.length !== steps.length) {
    throw new AssayError(
      "proof/invalid",
      `leaf ${position.index} of ${count} needs ${steps.length} siblings, got ${siblings.length}`,
      { facts: { count, position, expected: steps.length, actual: siblings.length } },
    );
  }
  return steps.reduce((below, step, i) => {
    const sibling = siblings[i] as Digest;
    requireDigest(sibling, `sibling ${i}`);
    return step.side === "left"
      ? nodeHash(hasher, sibling, below)
      : nodeHash(hasher, below, sibling);
  }, hash);
}

/** Checks that `hash` stands at `position` under `root`. Throws `proof/invalid` otherwise. */
export function verifyNode(
  hasher: Hasher,
  root: Digest,
  count: number,
  position: TreePosition,
  hash: Digest,
  siblings: readonly Digest[],
): void {
  if (!bytesEqual(rootFromProof(hasher, count, position, hash, siblings), root)) {
    throw new AssayError(
      "proof/invalid",
      `the proof for node ${position.index} of level ${position.level} leads to another root`,
      { facts: { count, position } },
    );
  }
}

/** Checks that two posted children make the known `hash` of their parent. Throws `proof/invalid`. */
export function verifyChildren(hasher: Hasher, hash: Digest, left: Digest, right: Digest): void {
  requireDigest(left, "left child");
  requireDigest(right, "right child");
  if (!bytesEqual(nodeHash(hasher, left, right), hash)) {
    throw new AssayError("proof/invalid", "the two children do not hash to their parent");
  }
}

/** A copy, not `slice`: on a Node Buffer that would be a view into a level that may be overwritten. */
function digestAt(level: Uint8Array, at: number): Digest {
  return new Uint8Array(level.subarray(at, at + DIGEST_SIZE));
}

export function requireDigest(bytes: Uint8Array, what: string): void {
  if (bytes.length !== DIGEST_SIZE) {
    throw new AssayError("proof/invalid", `${what} has ${bytes.length} bytes, not ${DIGEST_SIZE}`);
  }
}
