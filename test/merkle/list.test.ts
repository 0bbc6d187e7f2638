import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Digest } from "../../src/merkle/hash.js";
import {
  type IndexedKind,
  indexedList,
  indexedRoot,
  verifyIndexed,
} from "../../src/merkle/indexed-root.js";
import { commitList, proveEntry, verifyEntry, verifyWrap } from "../../src/merkle/list.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import {
  DIGEST_TAGS,
  LEAF_TAGS,
  ROOT_TAGS,
  TREE_TAGS,
  taggedDigest,
  wrapRoot,
} from "../../src/merkle/tags.js";
import {
  readSegmentBody,
  segmentBody,
  segmentFault,
  traceList,
  verifySegment,
} from "../../src/merkle/trace.js";
import {
  foreignPath,
  foreignRoot,
  foreignTree,
  hex,
  hexes,
  sha256,
  slowLeaf,
  u64,
  wrap,
} from "./reference.js";

const refused = expect.objectContaining({ code: "proof/invalid" });
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const KINDS = [
  ["inputs", 0x12, 0x22],
  ["outputs", 0x13, 0x23],
  ["weights", 0x14, 0x24],
  ["slices", 0x17, 0x26],
] as const;

function digestsOf(count: number): Digest[] {
  return Array.from({ length: count }, (_, i) => sha256(Buffer.of(i)));
}

describe("tags", () => {
  test("no two objects share a first byte", () => {
    const all = [TREE_TAGS, LEAF_TAGS, ROOT_TAGS, DIGEST_TAGS].flatMap((t) => Object.values(t));
    expect(new Set(all).size).toBe(all.length);
    // "a", with which the bytes of a receipt begin.
    expect(all).not.toContain(0x61);
  });

  test("a tagged digest is over tag, version and body", () => {
    const expected = sha256(Buffer.of(0x30, 1, 7, 8));
    expect(hex(taggedDigest(nodeHasher, DIGEST_TAGS.graph, Uint8Array.of(7, 8)))).toBe(
      hex(expected),
    );
  });

  test("the same list under another tag or count is another root", () => {
    const root = sha256();
    const all = Object.values(ROOT_TAGS).flatMap((tag) =>
      [0, 1, 256].map((count) => hex(wrapRoot(nodeHasher, tag, count, root))),
    );
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("lists of leaf bodies", () => {
  test("equal merkletreejs with the root wrapped, bodies of any length", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 20 }), (bodies) => {
        const list = commitList(nodeHasher, ROOT_TAGS.plan, bodies);
        const leaves = bodies.map(slowLeaf);
        expect(hex(list.root)).toBe(hex(wrap(0x25, bodies.length, foreignRoot(leaves))));
        bodies.forEach((body, i) => {
          const siblings = proveEntry(list, i);
          expect(hexes(siblings)).toEqual(hexes(foreignPath(foreignTree(leaves), i)));
          expect(
            verifyEntry(nodeHasher, ROOT_TAGS.plan, list.root, bodies.length, i, body, siblings),
          ).toBeUndefined();
        });
      }),
    );
  });

  test("a wrong count, tag, index or body is refused", () => {
    const bodies = digestsOf(13);
    const list = commitList(nodeHasher, ROOT_TAGS.plan, bodies);
    const body = bodies[12] as Uint8Array;
    const siblings = proveEntry(list, 12);
    const check = (count: number, index = 12, tag: 0x25 | 0x21 = 0x25, what = body): void =>
      verifyEntry(nodeHasher, tag, list.root, count, index, what, siblings);
    expect(check(13)).toBeUndefined();
    for (let count = -1; count < 64; count++) {
      if (count !== 13) expect(() => check(count)).toThrow(refused);
    }
    expect(() => check(13, 11)).toThrow(refused);
    expect(() => check(13, 12, ROOT_TAGS.trace)).toThrow(refused);
    expect(() => check(13, 12, ROOT_TAGS.plan, body.subarray(1))).toThrow(refused);
    expect(() => proveEntry(list, 13)).toThrow(refused);
  });

  test("a posted inner root is checked before it is descended", () => {
    const list = commitList(nodeHasher, ROOT_TAGS.plan, digestsOf(5));
    const { root } = list.tree;
    expect(verifyWrap(nodeHasher, ROOT_TAGS.plan, list.root, 5, root)).toBeUndefined();
    expect(() => verifyWrap(nodeHasher, ROOT_TAGS.plan, list.root, 6, root)).toThrow(refused);
    expect(() => verifyWrap(nodeHasher, ROOT_TAGS.plan, list.root, 5, list.root)).toThrow(refused);
  });
});

describe.each(KINDS)("tensors by index: %s", (kind: IndexedKind, leafTag, rootTag) => {
  test("equal merkletreejs over tag, index, commitment", () => {
    for (const count of [0, 1, 2, 3, 5, 8, 21]) {
      const commitments = digestsOf(count);
      const leaves = commitments.map((c, i) =>
        slowLeaf(Buffer.concat([Buffer.of(leafTag), u64(i), c])),
      );
      const list = indexedList(nodeHasher, kind, commitments);
      expect(hex(list.root)).toBe(hex(wrap(rootTag, count, foreignRoot(leaves))));
      expect(hex(indexedRoot(nodeHasher, kind, commitments))).toBe(hex(list.root));
      commitments.forEach((c, i) => {
        const proof = proveEntry(list, i);
        expect(hexes(proof)).toEqual(hexes(foreignPath(foreignTree(leaves), i)));
        expect(verifyIndexed(nodeHasher, kind, list.root, count, i, c, proof)).toBeUndefined();
      });
    }
  });

  test("two equal commitments at two indices do not stand for each other", () => {
    const [a, b] = digestsOf(2) as [Digest, Digest];
    const list = indexedList(nodeHasher, kind, [a, a, b, a]);
    expect(() => verifyIndexed(nodeHasher, kind, list.root, 4, 0, a, proveEntry(list, 1))).toThrow(
      refused,
    );
    expect(() => verifyIndexed(nodeHasher, kind, list.root, 4, 2, a, proveEntry(list, 2))).toThrow(
      refused,
    );
    expect(hex(indexedRoot(nodeHasher, kind, [a, b]))).not.toBe(
      hex(indexedRoot(nodeHasher, kind, [b, a])),
    );
    expect(() => indexedRoot(nodeHasher, kind, [a.subarray(1)])).toThrow(refused);
  });
});

describe("traces", () => {
  const segments = fc.array(fc.array(digest, { maxLength: 5 }), { minLength: 1, maxLength: 12 });

  test("equal merkletreejs over tag, segment, commitments", () => {
    fc.assert(
      fc.property(segments, (lives) => {
        const trace = traceList(nodeHasher, lives);
        const leaves = lives.map((live, i) =>
          slowLeaf(Buffer.concat([Buffer.of(0x11), u64(i), ...live])),
        );
        expect(hex(trace.root)).toBe(hex(wrap(0x21, lives.length, foreignRoot(leaves))));
        lives.forEach((live, i) => {
          const body = segmentBody(i, live);
          expect(hexes(readSegmentBody(body, i, live.length))).toEqual(hexes(live));
          expect(
            verifySegment(nodeHasher, trace.root, lives.length, i, live, proveEntry(trace, i)),
          ).toBeUndefined();
        });
      }),
    );
  });

  test("two live tensors exchanged, or one more, is another trace", () => {
    const [a, b, c] = digestsOf(3) as [Digest, Digest, Digest];
    const trace = traceList(nodeHasher, [[a, b], [c]]);
    const proof = proveEntry(trace, 0);
    for (const live of [[b, a], [a], [a, b, c], []]) {
      expect(() => verifySegment(nodeHasher, trace.root, 2, 0, live, proof)).toThrow(refused);
    }
  });

  test("a posted body is read strictly", () => {
    const [a, b] = digestsOf(2) as [Digest, Digest];
    const body = segmentBody(3, [a, b]);
    expect(segmentFault(body, 3, 2)).toBeUndefined();
    expect(segmentFault(body, 3, 1)).toMatch(/73 bytes, not 41/);
    expect(segmentFault(body.subarray(1), 3, 2)).toMatch(/72 bytes/);
    expect(segmentFault(body, 2, 2)).toMatch(/says it is segment 3/);
    expect(segmentFault(Uint8Array.of(0x12, ...body.subarray(1)), 3, 2)).toMatch(/tag 18/);
    expect(() => readSegmentBody(body, 2, 2)).toThrow(refused);
    expect(() => segmentBody(0, [a.subarray(2)])).toThrow(refused);
  });
});
