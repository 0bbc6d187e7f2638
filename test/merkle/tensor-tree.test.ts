import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  byteLength,
  DTYPES,
  type DType,
  emptyTensor,
  firstNonCanonical,
  type Tensor,
} from "../../operators/index.js";

import { nobleHasher } from "../../src/merkle/hash.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import {
  commitTensor,
  openTile,
  type TileOpening,
  tensorTree,
  verifyTensor,
  verifyTile,
} from "../../src/merkle/tensor-tree.js";
import { commitUniform } from "../../src/merkle/uniform.js";
import {
  foreignPath,
  foreignRoot,
  foreignTree,
  hex,
  hexes,
  slowTensorCommitment,
  slowTileHashes,
} from "./reference.js";
import { ALL_DTYPES, anyDims, anyTensor, patternTensor } from "./tensors.js";

const refused = expect.objectContaining({ code: "proof/invalid" });

describe("tensor commitments", () => {
  test("equal the plain definition over merkletreejs, on both hashers", () => {
    fc.assert(
      fc.property(anyTensor, (tensor) => {
        const { dtype, dims, bytes } = tensor;
        const leaves = slowTileHashes(dtype, dims, bytes);
        const expected = slowTensorCommitment(dtype, dims, leaves.length, foreignRoot(leaves));
        expect(hex(commitTensor(nodeHasher, tensor))).toBe(hex(expected));
        const committed = tensorTree(nobleHasher, tensor);
        expect(hex(committed.commitment)).toBe(hex(expected));
        expect(committed.tree.count).toBe(leaves.length);
      }),
      { numRuns: 150 },
    );
  });

  test("bind dtype, rank and dims: the same bytes under another type are another tensor", () => {
    const { bytes } = patternTensor("f32", [4, 6]);
    const types: [DType, number[]][] = [
      ["f32", [4, 6]],
      ["f32", [6, 4]],
      ["f32", [24]],
      ["f32", [1, 24]],
      ["f32", [24, 1]],
      ["i32", [24]],
      ["u32", [24]],
      ["i64", [12]],
      ["u8", [96]],
      ["i8", [96]],
    ];
    const all = types.map(([dtype, dims]) => hex(commitTensor(nodeHasher, { dtype, dims, bytes })));
    expect(new Set(all).size).toBe(types.length);
    const empty = [[0], [0, 1], [1, 0], [0, 7]].map((dims) =>
      hex(commitTensor(nodeHasher, { dtype: "f32", dims, bytes: new Uint8Array(0) })),
    );
    expect(new Set(empty).size).toBe(empty.length);
  });

  test("refuse bytes that do not fill the type, and a rank that has no byte", () => {
    expect(() =>
      commitTensor(nodeHasher, { dtype: "f32", dims: [3], bytes: new Uint8Array(11) }),
    ).toThrow(refused);
    const dims = new Array<number>(256).fill(1);
    expect(() => commitTensor(nodeHasher, { dtype: "u8", dims, bytes: new Uint8Array(1) })).toThrow(
      expect.objectContaining({ code: "graph/invalid" }),
    );
  });
});

describe("constant tensors", () => {
  test("commit as if they were made", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ALL_DTYPES), anyDims, (dtype, dims) => {
        const element = patternTensor(dtype, [1]).bytes;
        const bytes = new Uint8Array(byteLength({ dtype, dims }));
        for (let at = 0; at < bytes.length; at += element.length) bytes.set(element, at);
        expect(hex(commitUniform(nodeHasher, dtype, dims, element))).toBe(
          hex(commitTensor(nodeHasher, { dtype, dims, bytes })),
        );
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    [[1000, 1000]],
    [[16 * 37, 16 * 41]],
    [[17, 16 * 64 + 1]],
    [[1024, 16]],
    [[3, 70_000]],
  ])("of many tiles: f32 %j", (dims) => {
    const tensor = emptyTensor("f32", dims);
    expect(hex(commitUniform(nodeHasher, "f32", dims, new Uint8Array(4)))).toBe(
      hex(commitTensor(nodeHasher, tensor)),
    );
  });

  test("cost does not grow with the tensor", () => {
    const counted = (dims: number[]): number => {
      let calls = 0;
      const hasher = {
        ...nodeHasher,
        hash(message: Uint8Array) {
          calls++;
          return nodeHasher.hash(message);
        },
      };
      commitUniform(hasher, "f32", dims, new Uint8Array(4));
      return calls;
    };
    expect(counted([2 ** 46])).toBeLessThan(200);
    expect(counted([2 ** 30 + 1, 16])).toBeLessThan(200);
    expect(counted([50_257, 768])).toBeLessThan(2_000);
    expect(counted([2 ** 20 + 3, 1003])).toBeLessThan(3_000);
  });

  test("refuse an element that is none", () => {
    expect(() => commitUniform(nodeHasher, "f32", [4], new Uint8Array(2))).toThrow(refused);
    const payload = Uint8Array.of(1, 0, 0xc0, 0x7f);
    expect(() => commitUniform(nodeHasher, "f32", [4], payload)).toThrow(refused);
    expect(() => commitUniform(nodeHasher, "bool", [4], Uint8Array.of(2))).toThrow(refused);
  });
});

describe("openings", () => {
  test("every tile opens, with the siblings of merkletreejs", () => {
    fc.assert(
      fc.property(anyTensor, (tensor) => {
        const committed = tensorTree(nodeHasher, tensor);
        const leaves = slowTileHashes(tensor.dtype, tensor.dims, tensor.bytes);
        const step = Math.max(1, Math.floor(leaves.length / 5));
        const foreign = leaves.length > 0 ? foreignTree(leaves) : undefined;
        for (let tile = 0; tile < leaves.length; tile += step) {
          const opening = openTile(committed, tensor, tile);
          expect(verifyTile(nobleHasher, committed.commitment, tensor, opening)).toBeUndefined();
          expect(hexes(opening.siblings)).toEqual(
            hexes(foreign === undefined ? [] : foreignPath(foreign, tile)),
          );
        }
        expect(
          verifyTensor(nodeHasher, committed.commitment, tensor, tensor.bytes),
        ).toBeUndefined();
      }),
      { numRuns: 80 },
    );
  });

  const tensor = patternTensor("f32", [40, 50]);
  const committed = tensorTree(nodeHasher, tensor);
  const { commitment } = committed;
  const good = openTile(committed, tensor, 5);
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((b, i) => (i === 0 ? b ^ 1 : b));
  const check =
    (changes: Partial<TileOpening>, type: { dtype: DType; dims: readonly number[] } = tensor) =>
    () =>
      verifyTile(nodeHasher, commitment, type, { ...good, ...changes });

  test("the good one passes", () => {
    expect(check({})()).toBeUndefined();
  });

  test.each<[string, () => void]>([
    ["another tile's number", check({ tile: 6 })],
    ["a number past the end", check({ tile: 12 })],
    ["a negative number", check({ tile: -1 })],
    ["a changed byte", check({ bytes: flip(good.bytes) })],
    ["a byte less", check({ bytes: good.bytes.slice(1) })],
    ["padding", check({ bytes: Uint8Array.from([...good.bytes, 0, 0, 0, 0]) })],
    ["no bytes", check({ bytes: new Uint8Array(0) })],
    ["a short proof", check({ siblings: good.siblings.slice(1) })],
    ["a long proof", check({ siblings: [...good.siblings, commitment] })],
    ["swapped siblings", check({ siblings: [...good.siblings].reverse() })],
    ["another dtype of the size", check({}, { dtype: "i32", dims: [40, 50] })],
    ["other dims of the count", check({}, { dtype: "f32", dims: [50, 40] })],
    ["other dims with the same tiles", check({}, { dtype: "f32", dims: [2, 20, 50] })],
  ])("refused: %s", (_name, run) => {
    expect(run).toThrow(refused);
  });

  test("a tensor without elements has no tile to open", () => {
    const empty = tensorTree(nodeHasher, patternTensor("f32", [0, 3]));
    expect(() => openTile(empty, patternTensor("f32", [0, 3]), 0)).toThrow(refused);
  });

  test("whole tensors: wrong length, wrong bytes, wrong type", () => {
    const { bytes } = tensor;
    expect(() => verifyTensor(nodeHasher, commitment, tensor, bytes.slice(4))).toThrow(refused);
    expect(() => verifyTensor(nodeHasher, commitment, tensor, flip(bytes))).toThrow(refused);
    const type = { dtype: "i32", dims: [40, 50] } as const;
    expect(() => verifyTensor(nodeHasher, commitment, type, bytes)).toThrow(refused);
  });
});

describe("values that no honest tensor holds", () => {
  // Little-endian bytes of one element, and whether it is canonical.
  test.each<[DType, number[], boolean]>([
    ["f32", [0, 0, 0xc0, 0x7f], true],
    ["f32", [0, 0, 0x80, 0x7f], true],
    ["f32", [0, 0, 0x80, 0xff], true],
    ["f32", [1, 0, 0xc0, 0x7f], false],
    ["f32", [0, 0, 0xc0, 0xff], false],
    ["f32", [1, 0, 0x80, 0x7f], false],
    ["f64", [0, 0, 0, 0, 0, 0, 0xf8, 0x7f], true],
    ["f64", [0, 0, 0, 0, 0, 0, 0xf0, 0xff], true],
    ["f64", [1, 0, 0, 0, 0, 0, 0xf8, 0x7f], false],
    ["f64", [0, 0, 0, 0, 0, 0, 0xf8, 0xff], false],
    ["f64", [1, 0, 0, 0, 0, 0, 0xf0, 0x7f], false],
    ["f16", [0, 0x7e], true],
    ["f16", [0, 0xfc], true],
    ["f16", [0, 0xfe], false],
    ["f16", [1, 0x7c], false],
    ["bf16", [0xc0, 0x7f], true],
    ["bf16", [0x80, 0xff], true],
    ["bf16", [0xc1, 0x7f], false],
    ["bf16", [0xc0, 0xff], false],
    ["bool", [0], true],
    ["bool", [1], true],
    ["bool", [2], false],
    ["bool", [255], false],
    ["u8", [255], true],
    ["i32", [1, 0, 0xc0, 0x7f], true],
  ])("%s %j: %s", (dtype, element, canonical) => {
    const zeros = new Array<number>(3 * DTYPES[dtype].size).fill(0);
    const bytes = Uint8Array.from([...zeros, ...element]);
    expect(firstNonCanonical(dtype, bytes)).toBe(canonical ? -1 : 3);

    const tensor: Tensor = { dtype, dims: [4], bytes };
    const committed = tensorTree(nodeHasher, tensor);
    const tile = (): void =>
      verifyTile(nodeHasher, committed.commitment, tensor, openTile(committed, tensor, 0));
    const whole = (): void => verifyTensor(nodeHasher, committed.commitment, tensor, bytes);
    for (const run of [tile, whole]) {
      if (canonical) expect(run()).toBeUndefined();
      else expect(run).toThrow(/element 3 is not a canonical/);
    }
  });

  test("of all 65536 f16 and bf16 bit patterns one NaN is canonical", () => {
    const bytes = new Uint8Array(2);
    for (const [dtype, exponent, nan] of [
      ["f16", 0x7c00, 0x7e00],
      ["bf16", 0x7f80, 0x7fc0],
    ] as const) {
      let wrong = 0;
      for (let bits = 0; bits < 65536; bits++) {
        bytes[0] = bits & 255;
        bytes[1] = bits >> 8;
        const isNan = (bits & exponent) === exponent && (bits & (0x7fff ^ exponent)) !== 0;
        if (firstNonCanonical(dtype, bytes) !== (isNan && bits !== nan ? 0 : -1)) wrong++;
      }
      expect(wrong).toBe(0);
    }
  });
});
