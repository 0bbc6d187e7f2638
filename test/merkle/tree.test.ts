import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Hasher, nobleHasher } from "../../src/merkle/hash.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import {
  childrenOf,
  leavesBelow,
  proofSteps,
  rootPosition,
  settle,
  type TreePosition,
  widthAt,
} from "../../src/merkle/shape.js";
import {
  buildTree,
  leafHash,
  merkleRoot,
  nodeAt,
  nodeHash,
  proveLeaf,
  rootFromProof,
  siblingsOf,
  verifyChildren,
  verifyNode,
} from "../../src/merkle/tree.js";
import {
  foreignPath,
  foreignRoot,
  foreignTree,
  hex,
  hexes,
  slowPath,
  slowRoot,
} from "./reference.js";

const HASHERS: readonly Hasher[] = [nobleHasher, nodeHasher];
const refused = expect.objectContaining({ code: "proof/invalid" });

function leavesOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    leafHash(nodeHasher, Uint8Array.of(i & 255, i >> 8)),
  );
}

function flat(leaves: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(leaves.flatMap((l) => [...l]));
}

/** Hex digests of RFC 6962 trees over the eight inputs of Certificate Transparency's own tests. */
const CT_INPUTS = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const CT_ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

describe("against vectors from outside", () => {
  test.each(HASHERS)("the roots of Certificate Transparency ($name)", (hasher) => {
    const leaves = CT_INPUTS.map((hex) => leafHash(hasher, Buffer.from(hex, "hex")));
    CT_ROOTS.forEach((root, i) => {
      const tree = buildTree(hasher, flat(leaves.slice(0, i + 1)));
      expect(hex(tree.root)).toBe(root);
    });
  });

  test.each(HASHERS)("no leaves hash to SHA-256 of nothing ($name)", (hasher) => {
    const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    expect(hex(buildTree(hasher, new Uint8Array(0)).root)).toBe(nothing);
    expect(hex(merkleRoot(hasher, new Uint8Array(0)))).toBe(nothing);
  });
});

describe("against the recursive definition and merkletreejs", () => {
  test("roots and all proofs, every count up to 70", () => {
    for (let count = 1; count <= 70; count++) {
      const leaves = leavesOf(count);
      const tree = buildTree(nodeHasher, flat(leaves));
      const foreign = foreignTree(leaves);
      expect(hex(tree.root)).toBe(hex(slowRoot(leaves)));
      expect(hex(tree.root)).toBe(hex(foreign.getRoot()));
      expect(merkleRoot(nodeHasher, flat(leaves))).toEqual(tree.root);
      for (let i = 0; i < count; i++) {
        const proof = proveLeaf(tree, i);
        expect(hexes(proof)).toEqual(hexes(slowPath(i, leaves)));
        expect(hexes(proof)).toEqual(hexes(foreignPath(foreign, i)));
        const root = rootFromProof(
          nodeHasher,
          count,
          { level: 0, index: i },
          leaves[i] as Uint8Array,
          proof,
        );
        expect(root).toEqual(tree.root);
      }
    }
  });

  test("larger counts, near powers of two", () => {
    for (const count of [127, 128, 129, 1000, 1023, 1025, 4097]) {
      const leaves = leavesOf(count);
      const tree = buildTree(nodeHasher, flat(leaves));
      expect(hex(tree.root)).toBe(hex(foreignRoot(leaves)));
      expect(hex(tree.root)).toBe(hex(slowRoot(leaves)));
      const foreign = foreignTree(leaves);
      for (const i of [0, 1, count >> 1, count - 2, count - 1]) {
        expect(hexes(proveLeaf(tree, i))).toEqual(hexes(foreignPath(foreign, i)));
      }
    }
  });

  test("both hashers, any leaves, repeated ones too", () => {
    const leaf = fc.uint8Array({ minLength: 1, maxLength: 1 }).map((b) =>
      leafHash(
        nodeHasher,
        b.map((x) => x & 3),
      ),
    );
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 40 }), (leaves) => {
        const roots = HASHERS.map((h) => hex(buildTree(h, flat(leaves)).root));
        expect(roots[0]).toBe(roots[1]);
        expect(roots[0]).toBe(hex(foreignRoot(leaves)));
      }),
    );
  });
});

test("leaf hashes that do not begin on a word give the same root", () => {
  const leaves = flat(leavesOf(21));
  const shifted = new Uint8Array(leaves.length + 1).subarray(1);
  shifted.set(leaves);
  expect(buildTree(nodeHasher, shifted).root).toEqual(buildTree(nodeHasher, leaves).root);
  expect(merkleRoot(nodeHasher, shifted)).toEqual(merkleRoot(nodeHasher, leaves));
});

describe("descending", () => {
  test("children make their parent, down to every leaf once and in order", () => {
    for (let count = 1; count <= 40; count++) {
      const leaves = leavesOf(count);
      const tree = buildTree(nodeHasher, flat(leaves));
      const seen: number[] = [];
      const walk = (position: TreePosition): void => {
        const { start, end } = leavesBelow(count, position);
        const hash = nodeAt(tree, position);
        expect(hex(hash)).toBe(hex(slowRoot(leaves.slice(start, end))));
        const siblings = siblingsOf(tree, position);
        expect(verifyNode(nodeHasher, tree.root, count, position, hash, siblings)).toBeUndefined();
        const children = childrenOf(count, position);
        if (children === undefined) {
          expect(end - start).toBe(1);
          seen.push(start);
          return;
        }
        verifyChildren(nodeHasher, hash, nodeAt(tree, children.left), nodeAt(tree, children.right));
        walk(children.left);
        walk(children.right);
      };
      walk(rootPosition(count));
      expect(seen).toEqual(leaves.map((_, i) => i));
    }
  });

  test("a node that only moved up settles where it came from", () => {
    expect(settle(5, { level: 2, index: 1 })).toEqual({ level: 0, index: 4 });
    expect(settle(6, { level: 2, index: 1 })).toEqual({ level: 1, index: 2 });
    expect(settle(1, { level: 0, index: 0 })).toEqual({ level: 0, index: 0 });
    expect(childrenOf(5, rootPosition(5))).toEqual({
      left: { level: 2, index: 0 },
      right: { level: 0, index: 4 },
    });
  });

  test("shapes stay exact far beyond what fits in memory", () => {
    const count = 2 ** 45 + 1;
    expect(rootPosition(count)).toEqual({ level: 46, index: 0 });
    expect(childrenOf(count, rootPosition(count))?.right).toEqual({ level: 0, index: 2 ** 45 });
    expect(proofSteps(count, { level: 0, index: 2 ** 45 })).toHaveLength(1);
    expect(proofSteps(count, { level: 0, index: 2 ** 45 - 1 })).toHaveLength(46);
    expect(widthAt(count, 45)).toBe(2);
  });

  test.each([
    [0, 0, 0],
    [5, 0, 5],
    [5, 1, 3],
    [5, 4, 0],
    [5, -1, 0],
    [5, 0, -1],
    [5, 0.5, 0],
    [5, 0, 0.5],
    [Number.NaN, 0, 0],
    [2 ** 53, 0, 0],
  ])("a tree of %d leaves has on level %d no node %d", (count, level, index) => {
    expect(() => leavesBelow(count, { level, index })).toThrow(refused);
    expect(() => proofSteps(count, { level, index })).toThrow(refused);
    expect(() => childrenOf(count, { level, index })).toThrow(refused);
  });
});

describe("wrong proofs are refused", () => {
  const count = 13;
  const leaves = leavesOf(count);
  const tree = buildTree(nodeHasher, flat(leaves));
  const check = (
    index: number,
    hash: Uint8Array,
    siblings: readonly Uint8Array[],
    of = count,
    level = 0,
  ): void => verifyNode(nodeHasher, tree.root, of, { level, index }, hash, siblings);

  test("short, long, empty", () => {
    for (let i = 0; i < count; i++) {
      const leaf = leaves[i] as Uint8Array;
      const proof = proveLeaf(tree, i);
      expect(() => check(i, leaf, proof.slice(1))).toThrow(refused);
      expect(() => check(i, leaf, proof.slice(0, -1))).toThrow(refused);
      expect(() => check(i, leaf, [...proof, tree.root])).toThrow(refused);
      expect(() => check(i, leaf, [])).toThrow(refused);
    }
  });

  test("for another index", () => {
    for (let i = 0; i < count; i++) {
      for (let other = 0; other < count; other++) {
        if (other === i) continue;
        expect(() => check(other, leaves[i] as Uint8Array, proveLeaf(tree, i))).toThrow(refused);
      }
      for (const index of [count, -1, i + 0.5, Number.NaN, 2 ** 32 + i]) {
        expect(() => check(index, leaves[i] as Uint8Array, proveLeaf(tree, i))).toThrow(refused);
      }
    }
  });

  test("swapped, changed or misshapen siblings", () => {
    const leaf = leaves[6] as Uint8Array;
    const proof = proveLeaf(tree, 6);
    const [a, b, ...rest] = proof as [Uint8Array, Uint8Array, ...Uint8Array[]];
    expect(() => check(6, leaf, [b, a, ...rest])).toThrow(refused);
    expect(() => check(6, a, [leaf, b, ...rest])).toThrow(refused);
    expect(() => check(6, leaf, [a.map((x) => x ^ 1), b, ...rest])).toThrow(refused);
    expect(() => check(6, leaf, [a.slice(1), b, ...rest])).toThrow(/31 bytes/);
    expect(() => check(6, leaf.slice(1), proof)).toThrow(/31 bytes/);
  });

  test("a leaf count other than the tree's", () => {
    // A bare root does not know its count: most wrong counts show in the length, and the wrapped
    // root refuses the others (see list.test.ts).
    for (const other of [8, 12, 17, 26, 0, -1, 13.5]) {
      expect(() => check(12, leaves[12] as Uint8Array, proveLeaf(tree, 12), other)).toThrow(
        refused,
      );
    }
  });

  test("an inner node does not pass for a leaf, nor a leaf body for two children", () => {
    const inner = nodeAt(tree, { level: 1, index: 0 });
    const above = siblingsOf(tree, { level: 1, index: 0 });
    expect(check(0, inner, above, count, 1)).toBeUndefined();
    expect(() => check(0, inner, above)).toThrow(refused);
    const pair = Uint8Array.from([...(leaves[0] as Uint8Array), ...(leaves[1] as Uint8Array)]);
    expect(leafHash(nodeHasher, pair)).not.toEqual(inner);
  });

  test("a list of leaf hashes that is cut short", () => {
    expect(() => buildTree(nodeHasher, new Uint8Array(33))).toThrow(refused);
    expect(() => merkleRoot(nodeHasher, new Uint8Array(31))).toThrow(refused);
  });

  test("children that are not those of their parent", () => {
    const [l, r] = [leaves[0] as Uint8Array, leaves[1] as Uint8Array];
    const parent = nodeHash(nodeHasher, l, r);
    expect(verifyChildren(nodeHasher, parent, l, r)).toBeUndefined();
    expect(() => verifyChildren(nodeHasher, parent, r, l)).toThrow(refused);
    expect(() => verifyChildren(nodeHasher, parent, l, l)).toThrow(refused);
    const long = Uint8Array.from([...l, r[0] as number]);
    expect(() => verifyChildren(nodeHasher, parent, long, r.slice(1))).toThrow(/33 bytes/);
  });
});
