import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DTYPES, type DType, elementCount } from "../../operators/index.js";
import { gatherInto, tileBuffer, tileBytes } from "../../src/merkle/gather.js";
import {
  locateElement,
  tensorGeometry,
  tileArea,
  tileByteLength,
  tileElements,
} from "../../src/merkle/geometry.js";
import { slowTiles } from "./reference.js";
import { ALL_DTYPES, anyDims, anyTensor, patternTensor } from "./tensors.js";

const refused = expect.objectContaining({ code: "proof/invalid" });

describe("geometry", () => {
  // dtype, dims → rows × columns, tile rows × columns, grid rows × columns; worked out by hand.
  test.each<[DType, number[], number[]]>([
    ["f32", [], [1, 1, 1, 256, 1, 1]],
    ["f32", [10], [1, 10, 1, 256, 1, 1]],
    ["f32", [256], [1, 256, 1, 256, 1, 1]],
    ["f32", [257], [1, 257, 1, 256, 1, 2]],
    ["f32", [3, 5], [1, 15, 1, 256, 1, 1]],
    ["f32", [1, 1000], [1, 1000, 1, 256, 1, 4]],
    ["f32", [2, 16], [2, 16, 2, 128, 1, 1]],
    ["f32", [7, 2, 3, 4], [7, 24, 8, 32, 1, 1]],
    ["f32", [4096, 4096], [4096, 4096, 16, 16, 256, 256]],
    ["f32", [1, 64, 112, 112], [7168, 112, 16, 16, 448, 7]],
    ["f32", [64, 3, 7, 7], [192, 49, 16, 16, 12, 4]],
    ["f16", [100, 100], [100, 100, 16, 32, 7, 4]],
    ["u8", [9, 20], [9, 20, 16, 64, 1, 1]],
    ["i8", [3, 1025], [3, 1025, 4, 256, 1, 5]],
    ["i64", [100, 16], [100, 16, 16, 8, 7, 2]],
    ["f64", [1, 129], [1, 129, 1, 128, 1, 2]],
    ["f32", [5, 0], [1, 0, 1, 256, 0, 0]],
    ["f32", [0, 20], [0, 20, 1, 256, 0, 0]],
    ["f32", [3, 0, 5], [1, 0, 1, 256, 0, 0]],
  ])("%s %j", (dtype, dims, expected) => {
    const g = tensorGeometry(dtype, dims);
    const { rows, columns, tileRows, tileColumns, gridRows, gridColumns } = g;
    expect([rows, columns, tileRows, tileColumns, gridRows, gridColumns]).toEqual(expected);
    expect(g.tiles).toBe(gridRows * gridColumns);
  });

  test("tiles are those of the definition", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ALL_DTYPES), anyDims, (dtype, dims) => {
        const g = tensorGeometry(dtype, dims);
        const tiles = Array.from({ length: g.tiles }, (_, i) => tileElements(g, i));
        expect(tiles).toEqual(slowTiles(dtype, dims));
        tiles.forEach((tile, i) => {
          expect(tileByteLength(g, i)).toBe(tile.length * g.elementSize);
          expect(tileByteLength(g, i)).toBeLessThanOrEqual(1024);
        });
      }),
    );
  });

  test("every element is found in the tile that lists it", () => {
    for (const [dtype, dims] of [
      ["f32", [17, 33]],
      ["i64", [3, 5, 20]],
      ["u8", [2, 1030]],
      ["bool", []],
    ] as const) {
      const g = tensorGeometry(dtype, dims);
      for (let element = 0; element < elementCount(dims); element++) {
        const { tile, position } = locateElement(g, element);
        expect(tileElements(g, tile)[position]).toBe(element);
      }
    }
  });

  test("sixteen consecutive k of either operand of a product lie in one or two tiles", () => {
    for (const [k, n] of [
      [768, 768],
      [3072, 768],
      [100, 40],
      [9, 1000],
    ] as const) {
      const a = tensorGeometry("f32", [8, k]);
      const b = tensorGeometry("f32", [k, n]);
      for (let start = 0; start < k; start += 16) {
        const ks = Array.from({ length: Math.min(16, k - start) }, (_, i) => start + i);
        expect(new Set(ks.map((x) => locateElement(a, 3 * k + x).tile)).size).toBeLessThan(3);
        expect(new Set(ks.map((x) => locateElement(b, x * n + 5).tile)).size).toBeLessThan(3);
      }
    }
  });

  test("refuses dims that are no counts, and too many elements", () => {
    const invalid = expect.objectContaining({ code: "graph/invalid" });
    for (const dims of [[-1], [1.5], [Number.NaN], [2 ** 24, 2 ** 24], [2 ** 47, 3]]) {
      expect(() => tensorGeometry("f32", dims)).toThrow(invalid);
    }
    expect(tensorGeometry("f32", [2 ** 47]).tiles).toBe(2 ** 39);
    expect(tensorGeometry("f32", [2 ** 40, 2 ** 40, 0]).tiles).toBe(0);
  });

  test("refuses tiles and elements that are not there", () => {
    const g = tensorGeometry("f32", [20, 20]);
    for (const tile of [-1, 4, 0.5, Number.NaN]) {
      expect(() => tileArea(g, tile)).toThrow(refused);
      expect(() => tileElements(g, tile)).toThrow(refused);
    }
    for (const element of [-1, 400, 0.5]) expect(() => locateElement(g, element)).toThrow(refused);
  });
});

describe("gathering", () => {
  test("a tile's bytes are its elements' bytes, at any alignment", () => {
    fc.assert(
      fc.property(anyTensor, fc.integer({ min: 0, max: 7 }), (tensor, offset) => {
        const shifted = new Uint8Array(tensor.bytes.length + 8).subarray(
          offset,
          offset + tensor.bytes.length,
        );
        shifted.set(tensor.bytes);
        const g = tensorGeometry(tensor.dtype, tensor.dims);
        const buffer = tileBuffer();
        const gather = gatherInto(g, shifted, buffer);
        slowTiles(tensor.dtype, tensor.dims).forEach((elements, tile) => {
          const { size } = DTYPES[tensor.dtype];
          const expected = Buffer.concat(
            elements.map((e) => tensor.bytes.subarray(e * size, (e + 1) * size)),
          );
          const length = gather(tile);
          const gathered = buffer.all.subarray(buffer.start, buffer.start + length);
          expect(expected.equals(gathered)).toBe(true);
          expect(expected.equals(tileBytes(g, shifted, tile))).toBe(true);
        });
      }),
      { numRuns: 200 },
    );
  });

  test("bits of a NaN that is not canonical are copied as they are", () => {
    const { bytes } = patternTensor("i32", [32, 32]);
    new DataView(bytes.buffer).setUint32(4, 0x7fa00001, true);
    const buffer = tileBuffer();
    gatherInto(tensorGeometry("f32", [32, 32]), bytes, buffer)(0);
    expect(new DataView(buffer.all.buffer).getUint32(buffer.start + 4, true)).toBe(0x7fa00001);
  });
});
