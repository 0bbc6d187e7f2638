import { DTYPES, isFloat } from "../../dist/operators/index.js";
import { tensorGeometry } from "../../dist/src/merkle/geometry.js";
import { nobleHasher as hasher } from "../../dist/src/merkle/hash.js";
import { indexedRoot } from "../../dist/src/merkle/indexed-root.js";
import { proveEntry } from "../../dist/src/merkle/list.js";
import { openTile, tensorTree } from "../../dist/src/merkle/tensor-tree.js";
import { segmentBody, traceList } from "../../dist/src/merkle/trace.js";
import { buildTree, leafHash, proveLeaf } from "../../dist/src/merkle/tree.js";
import { commitUniform } from "../../dist/src/merkle/uniform.js";
import { toHex } from "../../dist/src/receipt/hex.js";

const RULE =
  "byte j is (167·j + 13) mod 256; in f16, bf16, f32 and f64 bit 6 of every element's last byte is " +
  "cleared; in bool only the lowest bit is kept";

/** dtype, dims, the tile to open (or none). */
const TENSORS = [
  ["f32", [], 0],
  ["f32", [3], 0],
  ["f32", [3, 5], 0],
  ["f32", [2, 3, 0], undefined],
  ["f32", [0, 20], undefined],
  ["f32", [257], 1],
  ["f32", [7, 2, 3, 4], 0],
  ["f32", [40, 50], 5],
  ["f32", [1, 8, 28, 28], 7],
  ["f64", [9, 17], 2],
  ["f16", [33, 65], 8],
  ["bf16", [2, 300], 1],
  ["i64", [100, 16], 13],
  ["u64", [1, 1, 1], 0],
  ["i32", [16, 16], 0],
  ["u32", [15, 17], 1],
  ["i16", [5, 700], 4],
  ["u16", [12], 0],
  ["i8", [3, 1025], 4],
  ["u8", [9, 20], 0],
  ["bool", [31], 0],
];

function patternTensor(dtype, dims) {
  const { size } = DTYPES[dtype];
  const bytes = new Uint8Array(dims.reduce((a, b) => a * b, 1) * size);
  for (let j = 0; j < bytes.length; j++) {
    const byte = (167 * j + 13) % 256;
    if (dtype === "bool") bytes[j] = byte & 1;
    else bytes[j] = isFloat(dtype) && j % size === size - 1 ? byte & 0xbf : byte;
  }
  return { dtype, dims, bytes };
}

function tensorVector([dtype, dims, tile]) {
  const tensor = patternTensor(dtype, dims);
  const committed = tensorTree(hasher, tensor);
  const { rows, columns, tileRows, tileColumns, gridRows, gridColumns, tiles } = tensorGeometry(
    dtype,
    dims,
  );
  const vector = {
    dtype,
    code: DTYPES[dtype].code,
    dims,
    geometry: { rows, columns, tileRows, tileColumns, gridRows, gridColumns, tiles },
    root: toHex(committed.tree.root),
    commitment: toHex(committed.commitment),
  };
  if (tile === undefined) return vector;
  const { bytes, siblings } = openTile(committed, tensor, tile);
  return { ...vector, opening: { tile, bytes: toHex(bytes), siblings: siblings.map(toHex) } };
}

function treeVector(count) {
  const leaves = new Uint8Array(count * 32);
  for (let i = 0; i < count; i++) leaves.set(leafHash(hasher, Uint8Array.of(i)), i * 32);
  const tree = buildTree(hasher, leaves);
  const proofs = Array.from({ length: count }, (_, i) => proveLeaf(tree, i).map(toHex));
  return { count, root: toHex(tree.root), proofs };
}

function uniformVector([dtype, dims, element]) {
  const bytes = Uint8Array.from(element);
  const commitment = toHex(commitUniform(hasher, dtype, dims, bytes));
  return { dtype, dims, element: toHex(bytes), commitment };
}

/** 32-byte values to stand for commitments: the SHA-256 of one byte. */
const standIn = (i) => hasher.hash(Uint8Array.of(i));

function indexedVector(kind, count) {
  const commitments = Array.from({ length: count }, (_, i) => standIn(i));
  return {
    kind,
    commitments: commitments.map(toHex),
    root: toHex(indexedRoot(hasher, kind, commitments)),
  };
}

function traceVector(live) {
  let next = 0;
  const segments = live.map((n) => Array.from({ length: n }, () => standIn(next++)));
  const trace = traceList(hasher, segments);
  return {
    segments: segments.map((s) => s.map(toHex)),
    bodies: segments.map((s, i) => toHex(segmentBody(i, s))),
    root: toHex(trace.root),
    proofs: segments.map((_, i) => proveEntry(trace, i).map(toHex)),
  };
}

export function treeVectors() {
  return {
    about: "Commitments of Assay, version 1. See docs/commitments.md.",
    trees: {
      leaves: "the body of leaf i is the byte i",
      cases: [0, 1, 2, 3, 4, 5, 7, 8, 13].map(treeVector),
    },
    tensors: { rule: RULE, cases: TENSORS.map(tensorVector) },
    uniform: {
      rule: "every element has the given bytes",
      cases: [
        ["f32", [768], [0, 0, 128, 63]],
        ["f32", [100, 1000], [0, 0, 0, 0]],
        ["i64", [3, 3], [255, 255, 255, 255, 255, 255, 255, 255]],
        ["bool", [17, 70], [1]],
        ["f32", [4, 0], [0, 0, 0, 0]],
      ].map(uniformVector),
    },
    indexed: ["inputs", "outputs", "weights"].flatMap((kind) =>
      [0, 1, 3].map((count) => indexedVector(kind, count)),
    ),
    traces: [[1], [2, 0, 3], [1, 1, 1, 1, 2]].map(traceVector),
  };
}
