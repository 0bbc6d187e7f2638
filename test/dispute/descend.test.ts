import { describe, expect, test } from "vitest";
import {
  hashAbove,
  hashesBelow,
  MAX_HASHES,
  nodesBelow,
  roundsToLeaf,
} from "../../src/dispute/descend.js";
import { concat } from "../../src/merkle/hash.js";
import { leavesBelow, rootPosition, settle, type TreePosition } from "../../src/merkle/shape.js";
import { buildTree, nodeAt } from "../../src/merkle/tree.js";
import { hasher } from "./zoo/run.js";

const leaf = (i: number): Uint8Array => hasher.hash(Uint8Array.of(i & 255, i >> 8));
const treeOf = (count: number) =>
  buildTree(hasher, concat(...Array.from({ length: count }, (_, i) => leaf(i))));

/** Every count up to two full rounds' edges, and around the powers that open a third. */
const COUNTS = [...Array(140).keys()].slice(1).concat([4095, 4096, 4097, 5000]);

describe("descending a tree", () => {
  test.each([1, 2, 63, 64, 65, 128, 129, 4096, 4097])(
    "%i leaves: what is posted makes what is known",
    (count) => {
      const tree = treeOf(count);
      const visit = (at: TreePosition): void => {
        const below = nodesBelow(count, at);
        expect(below.length).toBeLessThanOrEqual(MAX_HASHES);
        expect(hashAbove(hasher, hashesBelow(tree, at))).toEqual(nodeAt(tree, at));
        for (const next of below) if (settle(count, next).level > 0) visit(next);
      };
      visit(rootPosition(count));
    },
  );

  test("nodes posted below one cover its leaves once, in order", () => {
    for (const count of COUNTS) {
      const parts = nodesBelow(count, rootPosition(count)).map((at) => leavesBelow(count, at));
      expect(parts[0]?.start).toBe(0);
      expect(parts.at(-1)?.end).toBe(count);
      for (let i = 1; i < parts.length; i++) expect(parts[i]?.start).toBe(parts[i - 1]?.end);
    }
  });

  test("every leaf is reached in the stated number of rounds, and some need them all", () => {
    for (const count of COUNTS) {
      let most = 0;
      for (let leafIndex = 0; leafIndex < count; leafIndex += count > 200 ? 37 : 1) {
        let at = settle(count, rootPosition(count));
        let rounds = 0;
        while (at.level > 0) {
          const next = nodesBelow(count, at).find((node) => {
            const { start, end } = leavesBelow(count, node);
            return start <= leafIndex && leafIndex < end;
          });
          at = settle(count, next as TreePosition);
          rounds++;
        }
        expect(at.index).toBe(leafIndex);
        most = Math.max(most, rounds);
      }
      expect(most).toBe(roundsToLeaf(count));
    }
  });
});
