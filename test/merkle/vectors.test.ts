import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { DType } from "../../operators/index.js";
import { tensorGeometry } from "../../src/merkle/geometry.js";
import { type IndexedKind, indexedRoot } from "../../src/merkle/indexed-root.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import {
  commitTensor,
  openTile,
  tensorCommitment,
  tensorTree,
  verifyTile,
} from "../../src/merkle/tensor-tree.js";
import { traceList } from "../../src/merkle/trace.js";
import { commitUniform } from "../../src/merkle/uniform.js";
import { parseHex, toHex } from "../../src/receipt/hex.js";
import {
  foreignPath,
  foreignRoot,
  foreignTree,
  hex,
  hexes,
  sha256,
  slowLeaf,
  slowPath,
  slowRoot,
  slowTensorCommitment,
  slowTileHashes,
  u64,
  wrap,
} from "./reference.js";
import { patternTensor } from "./tensors.js";

interface TensorVector {
  readonly dtype: DType;
  readonly dims: number[];
  readonly geometry: Record<string, number>;
  readonly root: string;
  readonly commitment: string;
  readonly opening?: { readonly tile: number; readonly bytes: string; readonly siblings: string[] };
}

interface Vectors {
  readonly trees: { readonly cases: { count: number; root: string; proofs: string[][] }[] };
  readonly tensors: { readonly cases: TensorVector[] };
  readonly uniform: {
    readonly cases: { dtype: DType; dims: number[]; element: string; commitment: string }[];
  };
  readonly indexed: { kind: IndexedKind; commitments: string[]; root: string }[];
  readonly traces: { segments: string[][]; bodies: string[]; root: string; proofs: string[][] }[];
}

const file = new URL("../vectors/tensor-trees.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;
const INDEXED = {
  inputs: [0x12, 0x22],
  outputs: [0x13, 0x23],
  weights: [0x14, 0x24],
  slices: [0x17, 0x26],
} as const;

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), "hex"));
const ox = (raw: Uint8Array): string => `0x${hex(raw)}`;

describe("published tree vectors", () => {
  test.each(vectors.trees.cases)("$count leaves", ({ count, root, proofs }) => {
    const leaves = Array.from({ length: count }, (_, i) => slowLeaf(Buffer.of(i)));
    expect(root).toBe(ox(slowRoot(leaves)));
    expect(root).toBe(ox(foreignRoot(leaves)));
    proofs.forEach((proof, i) => {
      expect(proof).toEqual(slowPath(i, leaves).map(ox));
      expect(proof).toEqual(foreignPath(foreignTree(leaves), i).map(ox));
    });
  });

  test.each(vectors.tensors.cases)("tensor $dtype $dims", (vector) => {
    const { dtype, dims } = vector;
    const tensor = patternTensor(dtype, dims);
    const leaves = slowTileHashes(dtype, dims, tensor.bytes);
    const root = foreignRoot(leaves);
    expect(vector.root).toBe(ox(root));
    expect(vector.commitment).toBe(ox(slowTensorCommitment(dtype, dims, leaves.length, root)));
    expect(vector.commitment).toBe(toHex(commitTensor(nodeHasher, tensor)));
    expect(vector.commitment).toBe(toHex(tensorCommitment(nodeHasher, tensor, bytes(vector.root))));
    expect(tensorGeometry(dtype, dims)).toMatchObject(vector.geometry);
    expect(vector.geometry.tiles).toBe(leaves.length);

    const { opening } = vector;
    expect(opening === undefined).toBe(leaves.length === 0);
    if (opening === undefined) return;
    const { tile } = opening;
    const own = openTile(tensorTree(nodeHasher, tensor), tensor, tile);
    expect(toHex(own.bytes)).toBe(opening.bytes);
    expect(opening.siblings).toEqual(own.siblings.map(toHex));
    expect(opening.siblings).toEqual(foreignPath(foreignTree(leaves), tile).map(ox));
    expect(ox(slowLeaf(Buffer.concat([Buffer.of(0x10), bytes(opening.bytes)])))).toBe(
      ox(leaves[tile] as Uint8Array),
    );
    const posted = { tile, bytes: bytes(opening.bytes), siblings: opening.siblings.map(bytes) };
    expect(verifyTile(nodeHasher, bytes(vector.commitment), tensor, posted)).toBeUndefined();
  });

  test.each(vectors.uniform.cases)("constant $dtype $dims", (vector) => {
    const { dtype, dims, commitment } = vector;
    const element = parseHex(vector.element, (vector.element.length - 2) / 2) as Uint8Array;
    const filled = patternTensor(dtype, dims).bytes.map((_, i) => element[i % element.length] ?? 0);
    const leaves = slowTileHashes(dtype, dims, filled);
    expect(commitment).toBe(
      ox(slowTensorCommitment(dtype, dims, leaves.length, foreignRoot(leaves))),
    );
    expect(commitment).toBe(toHex(commitUniform(nodeHasher, dtype, dims, element)));
  });

  test.each(vectors.indexed)("$kind $commitments.length", ({ kind, commitments, root }) => {
    const [leafTag, rootTag] = INDEXED[kind];
    const leaves = commitments.map((c, i) =>
      slowLeaf(Buffer.concat([Buffer.of(leafTag), u64(i), bytes(c)])),
    );
    expect(commitments).toEqual(leaves.map((_, i) => ox(sha256(Buffer.of(i)))));
    expect(root).toBe(ox(wrap(rootTag, leaves.length, foreignRoot(leaves))));
    expect(root).toBe(toHex(indexedRoot(nodeHasher, kind, commitments.map(bytes))));
  });

  test.each(vectors.traces)("trace $root", ({ segments, bodies, root, proofs }) => {
    const expected = segments.map((live, i) =>
      Buffer.concat([Buffer.of(0x11), u64(i), ...live.map(bytes)]),
    );
    expect(bodies).toEqual(expected.map(ox));
    const leaves = expected.map(slowLeaf);
    expect(root).toBe(ox(wrap(0x21, leaves.length, foreignRoot(leaves))));
    const trace = traceList(
      nodeHasher,
      segments.map((live) => live.map(bytes)),
    );
    expect(root).toBe(toHex(trace.root));
    proofs.forEach((proof, i) => {
      expect(proof).toEqual(foreignPath(foreignTree(leaves), i).map(ox));
      expect(hexes(proof.map(bytes))).toEqual(hexes(slowPath(i, leaves)));
    });
  });
});
