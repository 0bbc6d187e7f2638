import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DTYPES, type DType, elementCount, type Tensor } from "../../operators/index.js";
import { type Hasher, nobleHasher } from "../../src/merkle/hash.js";
import { batchOf } from "../../src/merkle/native-batch.js";
import { commitTensor, tensorTree } from "../../src/merkle/tensor-tree.js";
import { buildTree, merkleRoot } from "../../src/merkle/tree.js";
import { nativeHere } from "./native-here.js";

/** The addon's batches against one message at a time by @noble/hashes, on every boundary of tiles and levels. */

function tensorOf(dtype: DType, dims: readonly number[], seed = 1, shift = 0): Tensor {
  const length = elementCount(dims) * DTYPES[dtype].size;
  const buffer = new Uint8Array(length + shift);
  let state = seed;
  for (let i = 0; i < buffer.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    buffer[i] = state >>> 24;
  }
  return { dtype, dims, bytes: buffer.subarray(shift) };
}

/** Native hashers of every kind that this processor has. */
const hashersWith = (threads: number): Hasher[] =>
  (nativeHere()?.hashers ?? []).map((native) => ({
    ...nobleHasher,
    name: native.name,
    batch: batchOf(native, threads),
  }));

function expectSame(tensor: Tensor, threads = 1): void {
  const plain = tensorTree(nobleHasher, tensor);
  for (const hasher of hashersWith(threads)) {
    const own = tensorTree(hasher, tensor);
    const what = `${hasher.name} ${tensor.dtype}[${tensor.dims}] ×${threads}`;
    const differing = plain.tree.levels.findIndex((level, i) => {
      return Buffer.compare(level, own.tree.levels[i] as Uint8Array) !== 0;
    });
    expect(`${what}: ${differing}`).toBe(`${what}: -1`);
    expect(own.commitment).toEqual(plain.commitment);
    expect(commitTensor(hasher, tensor)).toEqual(plain.commitment);
  }
}

describe.skipIf(!nativeHere())("hashing in native batches", () => {
  it("all lengths of one tile, and around its padding", () => {
    for (let n = 0; n <= 300; n++) expectSame(tensorOf("u8", [n]));
    for (let n = 940; n <= 1100; n++) expectSame(tensorOf("u8", [n]));
    for (const n of [2047, 2048, 2049, 3071, 3072, 3073]) expectSame(tensorOf("u8", [n]));
  });

  it("rows and columns around tiles, for every size of element", () => {
    for (const dtype of ["u8", "f16", "f32", "f64"] as const) {
      const full = 64 / DTYPES[dtype].size;
      for (const rows of [1, 2, 3, 15, 16, 17, 33]) {
        for (const columns of [15, 16, 17, full - 1, full, full + 1, 3 * full + 5]) {
          expectSame(tensorOf(dtype, [rows, columns]));
        }
      }
    }
  });

  it("numbers of leaves around the levels of a tree", () => {
    for (const leaves of [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 255, 256, 257]) {
      const digests = tensorOf("u8", [leaves * 32]).bytes;
      const plain = buildTree(nobleHasher, digests.slice());
      for (const hasher of hashersWith(1)) {
        const own = buildTree(hasher, digests.slice());
        expect(own.levels.map((l) => Buffer.from(l).toString("hex"))).toEqual(
          plain.levels.map((l) => Buffer.from(l).toString("hex")),
        );
        // In place: the leaves are overwritten.
        expect(merkleRoot(hasher, digests.slice())).toEqual(plain.root);
      }
    }
  });

  it("any tensor on any number of threads, at any address", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<DType>("u8", "f16", "f32", "f64"),
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 3 }),
        fc.nat(),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(7),
        (dtype, dims, seed, threads, shift) =>
          expectSame(tensorOf(dtype, dims, seed, shift), threads),
      ),
      { numRuns: 100, seed: 7 },
    );
    // Enough tiles that threads take part.
    for (const threads of [1, 2, 3]) expectSame(tensorOf("f32", [257, 1030]), threads);
  });

  it("refuses what does not fit, and touches nothing", () => {
    const addon = nativeHere()?.hashers[0];
    const bytes = new Uint8Array(64);
    const out = new Uint8Array(32);
    const bad: (() => unknown)[] = [
      () => addon?.hashTiles(bytes, out, 2, 64, 1, 64, 0, 0, 1),
      () => addon?.hashTiles(bytes, out, 1, 64, 1, 2048, 0, 0, 1),
      () => addon?.hashTiles(bytes, out, 1, 64, 0, 64, 0, 0, 1),
      () => addon?.hashTiles(bytes, out, 1, 64, 1, 16, 0, 0, 1),
      () => addon?.hashTiles(bytes, out, -1, 64, 1, 16, 0, 0, 1),
      () => addon?.hashTiles(bytes, out, 2 ** 40, 2 ** 40, 1, 16, 0, 0, 1),
      () => addon?.hashLevel(bytes, 3, 1, out),
      () => addon?.hashLevel(bytes, 2, 1, out.subarray(1)),
    ];
    for (const call of bad) expect(call).toThrow(/expected|not those rows|no room/);
    expect(out.every((b) => b === 0)).toBe(true);
  });
});
