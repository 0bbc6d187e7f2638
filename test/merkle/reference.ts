import { createHash } from "node:crypto";
import { MerkleTree } from "merkletreejs";
import { DTYPES, type DType, elementCount } from "../../operators/index.js";

/**
 * The formats once more, written from their definitions, slow and plain, on node:crypto: nothing of
 * `src/merkle` is used here.
 */
export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Digests as text, so that a Buffer and a Uint8Array compare equal and a failure is readable. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const hexes = (list: readonly Uint8Array[]): string[] => list.map(hex);

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export const slowLeaf = (body: Uint8Array): Buffer => sha256(Buffer.of(0), body);
export const slowNode = (l: Uint8Array, r: Uint8Array): Buffer => sha256(Buffer.of(1), l, r);

/** Largest power of two below n. */
function splitOf(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** MTH of RFC 6962, over leaf hashes. */
export function slowRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  const k = splitOf(leaves.length);
  return slowNode(slowRoot(leaves.slice(0, k)), slowRoot(leaves.slice(k)));
}

/** PATH of RFC 6962: the siblings of leaf m, lowest first. */
export function slowPath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const k = splitOf(leaves.length);
  return m < k
    ? [...slowPath(m, leaves.slice(0, k)), slowRoot(leaves.slice(k))]
    : [...slowPath(m - k, leaves.slice(k)), slowRoot(leaves.slice(0, k))];
}

/**
 * merkletreejs in the configuration in which it is RFC 6962: leaves hashed before, nodes prefixed,
 * nothing sorted, nothing duplicated. Its defaults are neither.
 */
export function foreignTree(leaves: readonly Uint8Array[]): MerkleTree {
  return new MerkleTree(
    leaves.map((l) => Buffer.from(l)),
    (message: Buffer) => sha256(message),
    {
      hashLeaves: false,
      sort: false,
      duplicateOdd: false,
      concatenator: (parts: Buffer[]) => Buffer.concat([Buffer.of(1), ...parts]),
    },
  );
}

/** Its root; it has none of its own for no leaves. */
export function foreignRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return leaves.length === 0 ? sha256() : foreignTree(leaves).getRoot();
}

/** Siblings of leaf `index`. The index is given, because equal leaves are not told apart. */
export function foreignPath(tree: MerkleTree, index: number): Uint8Array[] {
  const leaf = tree.getLeaves()[index] as Buffer;
  return tree.getProof(leaf, index).map((step) => step.data);
}

export function wrap(tag: number, count: number, root: Uint8Array): Buffer {
  return sha256(Buffer.of(tag, 1), u64(count), root);
}

/** Tiles of a tensor as lists of flat element indices, straight from the definition. */
export function slowTiles(dtype: DType, dims: readonly number[]): number[][] {
  const rest = [...dims];
  let columns = 1;
  while (columns < 16 && rest.length > 0) columns *= rest.pop() as number;
  const rows = elementCount(rest);
  const tileRows = [1, 2, 4, 8, 16].find((p) => p >= rows) ?? 16;
  const tileColumns = 1024 / DTYPES[dtype].size / tileRows;
  const tiles: number[][] = [];
  for (let top = 0; top < rows; top += tileRows) {
    for (let left = 0; left < columns; left += tileColumns) {
      const tile: number[] = [];
      for (let row = top; row < Math.min(top + tileRows, rows); row++) {
        for (let column = left; column < Math.min(left + tileColumns, columns); column++) {
          tile.push(row * columns + column);
        }
      }
      tiles.push(tile);
    }
  }
  return tiles;
}

/** Hashes of the tiles of a tensor. */
export function slowTileHashes(
  dtype: DType,
  dims: readonly number[],
  bytes: Uint8Array,
): Uint8Array[] {
  const { size } = DTYPES[dtype];
  return slowTiles(dtype, dims).map((tile) =>
    slowLeaf(
      Buffer.concat([
        Buffer.of(0x10),
        ...tile.map((element) => bytes.subarray(element * size, (element + 1) * size)),
      ]),
    ),
  );
}

export function slowTensorCommitment(
  dtype: DType,
  dims: readonly number[],
  tiles: number,
  root: Uint8Array,
): Buffer {
  const type = Buffer.of(0x20, 1, DTYPES[dtype].code, dims.length);
  return sha256(type, ...dims.map(u64), u64(tiles), root);
}
