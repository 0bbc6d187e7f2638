import { expect, test } from "vitest";
import { type Body, moveBytes } from "../../src/dispute/moves.js";

const HASH = `0x${"ab".repeat(32)}`;
const size = (body: Body): number =>
  moveBytes({ dispute: HASH, sequence: 7, sender: "asserter", ...body });

test("a move's size is that of a dense encoding", () => {
  expect(size({ kind: "descend" })).toBe(42);
  expect(size({ kind: "nameSegment", segment: 3 })).toBe(42 + 8);
  expect(size({ kind: "hashes", hashes: [HASH, HASH] })).toBe(42 + 64);
  const leaf = { body: new Uint8Array(41), proof: [HASH] };
  expect(
    size({ kind: "openBoundaries", before: null, after: leaf, outputs: null, proofs: [] }),
  ).toBe(42 + 41 + 32);
  expect(
    size({ kind: "openOperator", part: new Uint8Array(5), proofs: [[HASH], [HASH, HASH]] }),
  ).toBe(42 + 5 + 96);
});
