import type { Digest, Hasher } from "../merkle/hash.js";
import { concat } from "../merkle/hash.js";
import { settle, type TreePosition, widthAt } from "../merkle/shape.js";
import { type MerkleTree, merkleRoot, nodeAt } from "../merkle/tree.js";

/**
 * Descending a committed tree: the one routine for every zoom level. The asserter posts the nodes
 * `LEVELS` levels below a known one, the referee checks that they make it, the challenger picks one.
 * Everything but the hashes follows from the tree's leaf count.
 */
export const LEVELS = 6;

/** Most hashes of one move. */
export const MAX_HASHES = 2 ** LEVELS;

/** The nodes `LEVELS` levels below `at`, left to right; leaves where that would go deeper. */
export function nodesBelow(count: number, at: TreePosition): TreePosition[] {
  const from = settle(count, at);
  const level = Math.max(0, from.level - LEVELS);
  const factor = 2 ** (from.level - level);
  const first = from.index * factor;
  const end = Math.min(first + factor, widthAt(count, level));
  return Array.from({ length: end - first }, (_, i) => ({ level, index: first + i }));
}

/** The hash of the node above nodes given left to right: a tree without its top is a tree. */
export function hashAbove(hasher: Hasher, hashes: readonly Digest[]): Digest {
  return merkleRoot(hasher, concat(...hashes));
}

/** Most rounds of post and pick between the root of a tree and one leaf. */
export function roundsToLeaf(count: number): number {
  let rounds = 0;
  for (let width = count; width > 1; width = Math.ceil(width / MAX_HASHES)) rounds++;
  return rounds;
}

/** What the honest owner of a tree posts below `at`. */
export function hashesBelow(tree: MerkleTree, at: TreePosition): Digest[] {
  return nodesBelow(tree.count, at).map((position) => nodeAt(tree, position));
}
