import { canonicalNaNs, DTYPES, type DType, elementCount } from "../../../operators/index.js";
import type { Hasher } from "../../../src/merkle/hash.js";
import { indexedRoot } from "../../../src/merkle/indexed-root.js";
import { commitTensor, openTile, tensorTree } from "../../../src/merkle/tensor-tree.js";
import { traceList } from "../../../src/merkle/trace.js";
import { edgeTensor } from "../../backends/edge-tensors.js";
import { digestOf } from "./digest.js";
import type { TableCase, TableRow } from "./types.js";

/** Lengths around the 64-byte blocks of SHA-256, and around the slices that implementations take. */
const MESSAGES = [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1023, 1024, 1026, 65537];

/** Shapes whose grids of tiles are empty, one tile, clipped at both edges, and many. */
const SHAPES: readonly (readonly number[])[] = [[], [3], [2, 0], [15, 17], [40, 50], [2, 3, 5, 7]];

/** What one hasher makes of messages, tensors, lists and traces. */
export function hashRows(hasher: Hasher): TableRow[] {
  const dtypes = Object.keys(DTYPES) as DType[];
  return [
    row(
      "SHA-256",
      MESSAGES.map((length) => messageCase(hasher, length)),
    ),
    row(
      "tensor trees",
      dtypes.flatMap((dtype) => treeCases(hasher, dtype)),
    ),
    row(
      "lists and traces",
      [0, 1, 2, 3, 5, 8, 13].map((count) => listCase(hasher, count)),
    ),
  ];
}

type HashCase = Omit<TableCase, "index">;

function row(name: string, cases: readonly HashCase[]): TableRow {
  return { name, total: cases.length, cases: cases.map((c, index) => ({ index, ...c })) };
}

function messageCase(hasher: Hasher, length: number): HashCase {
  const message = Uint8Array.from({ length }, (_, i) => (167 * i + 13) % 256);
  return { name: `${length} bytes`, digest: digestOf([hasher.hash(message)]) };
}

function treeCases(hasher: Hasher, dtype: DType): HashCase[] {
  return SHAPES.map((dims, seed) => {
    const tensor = canonicalNaNs(edgeTensor(dtype, dims, seed + 1));
    const parts = [commitTensor(hasher, tensor)];
    if (elementCount(dims) > 0) {
      const committed = tensorTree(hasher, tensor);
      const { bytes, siblings } = openTile(committed, tensor, committed.geometry.tiles - 1);
      parts.push(bytes, ...siblings);
    }
    return { name: `${dtype}[${dims}]`, digest: digestOf(parts) };
  });
}

function listCase(hasher: Hasher, count: number): HashCase {
  const digests = Array.from({ length: count }, (_, i) => hasher.hash(Uint8Array.of(i)));
  const parts = [
    indexedRoot(hasher, "inputs", digests),
    indexedRoot(hasher, "outputs", digests),
    traceList(
      hasher,
      digests.map((d, i) => digests.slice(0, i).concat([d])),
    ).root,
  ];
  return { name: `${count} entries`, digest: digestOf(parts) };
}
