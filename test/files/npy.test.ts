import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AssayError,
  byteLength,
  canonicalNaNs,
  DTYPES,
  type DType,
  f32Tensor,
  i64Tensor,
  type Tensor,
} from "../../operators/index.js";
import { readNpy, writeNpy } from "../../src/files/npy.js";

/** A file put together by hand: header text as given, padded like numpy does unless `exact`. */
function npy(header: string, data: readonly number[], version = 1, exact = false): Uint8Array {
  const prefix = version === 1 ? 10 : 12;
  const length = exact ? header.length : Math.ceil((prefix + header.length + 1) / 64) * 64 - prefix;
  const size = Array.from({ length: prefix - 8 }, (_, i) => (length >> (8 * i)) & 255);
  const text = exact ? header : `${header.padEnd(length - 1)}\n`;
  const magic = [0x93, ...Buffer.from("NUMPY"), version, 0];
  return Uint8Array.from([...magic, ...size, ...Buffer.from(text, "latin1"), ...data]);
}

const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

const hex = (t: Tensor) => Buffer.from(t.bytes).toString("hex");

describe("readNpy", () => {
  test.each<[string, DType, number[], string]>([
    ["<f4", "f32", [0, 0, 128, 63], "0000803f"],
    [">f4", "f32", [63, 128, 0, 0], "0000803f"],
    ["<f2", "f16", [0, 60], "003c"],
    [">f2", "f16", [60, 0], "003c"],
    ["<f8", "f64", [0, 0, 0, 0, 0, 0, 240, 63], "000000000000f03f"],
    [">i8", "i64", [0, 0, 0, 0, 0, 0, 1, 2], "0201000000000000"],
    ["<i4", "i32", [1, 2, 3, 4], "01020304"],
    [">u2", "u16", [1, 2], "0201"],
    ["|i1", "i8", [255], "ff"],
    ["|u1", "u8", [255], "ff"],
    ["<u4", "u32", [1, 2, 3, 4], "01020304"],
    ["<i2", "i16", [1, 2], "0102"],
    [">u8", "u64", [1, 2, 3, 4, 5, 6, 7, 8], "0807060504030201"],
    ["|b1", "bool", [1], "01"],
  ])("%s is %s", (descr, dtype, data, expected) => {
    for (const version of [1, 2, 3]) {
      const t = readNpy(npy(header(descr, "()"), data, version));
      expect(t).toMatchObject({ dtype, dims: [] });
      expect(hex(t)).toBe(expected);
    }
  });

  test("column-major arrays become row-major", () => {
    // [[[0,1,2],[3,4,5]], [[6,7,8],[9,10,11]]] with the first axis running fastest.
    const data = [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11];
    const t = readNpy(npy(header("|u1", "(2, 2, 3)", "True"), data));
    expect(t.dims).toEqual([2, 2, 3]);
    expect([...t.bytes]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(readNpy(npy(header("<f4", "(2, 0)", "True"), [])).dims).toEqual([2, 0]);
  });

  test("keys in any order, other quotes and spaces", () => {
    const text = ` {"shape":(2 ,) ,"fortran_order" : False,"descr":"|u1"}`;
    expect(readNpy(npy(text, [1, 2], 1, true)).dims).toEqual([2]);
  });

  test("NaNs become canonical", () => {
    const t = readNpy(npy(header(">f4", "(2,)"), [0xff, 0xc0, 0, 0, 0x7f, 0x80, 0, 1]));
    expect(hex(t)).toBe("0000c07f0000c07f");
  });

  test.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "not a .npy file"],
    ["another file", new TextEncoder().encode("PK\x03\x04 a zip file"), "not a .npy file"],
    ["magic only", npy("", []).subarray(0, 7), "format version"],
    ["another version", npy(header("<f4", "()"), [0, 0, 0, 0], 4), "format version 4.0"],
    ["a cut header", npy(header("<f4", "()"), []).subarray(0, 40), "ends inside its header"],
    ["a cut length", npy(header("<f4", "()"), [], 2).subarray(0, 11), "ends inside its header"],
    [
      "a header of 4 GiB",
      Uint8Array.from([...npy("", [], 2).subarray(0, 8), 255, 255, 255, 255]),
      "a header of 4294967295 bytes",
    ],
    ["few bytes", npy(header("<f4", "(2,)"), [0, 0, 0, 0]), "has 8 bytes, the file 4"],
    ["many bytes", npy(header("<f4", "()"), [0, 0, 0, 0, 0]), "has 4 bytes, the file 5"],
    ["a huge shape", npy(header("<f4", "(99999999, 99999999)"), []), "too large"],
    ["a huge claim", npy(header("<f4", "(99999999, 999)"), []), "the file 0"],
    ["a negative size", npy(header("<f4", "(-1,)"), []), "not a dictionary"],
    ["a number for a shape", npy(header("<f4", "(3)"), []), "not a shape"],
    ["an empty size", npy(header("<f4", "(3,,4)"), []), "not a shape"],
    ["pickled objects", npy(header("|O", "()"), []), "element type '|O'"],
    ["text", npy(header("<U8", "()"), []), "element type '<U8'"],
    ["complex", npy(header("<c8", "()"), []), "element type '<c8'"],
    ["two raw bytes", npy(header("|V2", "()"), [0, 0]), "element type '|V2'"],
    ["host order", npy(header("=f4", "()"), [0, 0, 0, 0]), "element type '=f4'"],
    ["no order", npy(header("|f4", "()"), [0, 0, 0, 0]), "element type '|f4'"],
    ["a record", npy("{'descr': [('a', '<f4')], 'shape': ()}", []), "not a dictionary"],
    ["a missing key", npy("{'descr': '<f4', 'shape': ()}", []), "exactly descr"],
    ["a key twice", npy("{'shape': (), 'shape': ()}", []), "not a dictionary"],
    ["another key", npy(header("<f4", "(), 'x': ()"), []), "exactly descr"],
    ["a call", npy("__import__('os')", []), "not a plain dictionary"],
    ["a bool of 2", npy(header("|b1", "()"), [2]), "not a bool"],
  ])("refuses %s", (_, bytes, message) => {
    const error = refusal(bytes);
    expect(error.code).toBe("npy/malformed");
    expect(error.message).toContain(message);
  });

  test("every cut and every changed header byte is a tensor or a typed error", () => {
    const file = npy(header("<f4", "(2, 1)"), [1, 2, 3, 4, 5, 6, 7, 8]);
    for (let n = 0; n < file.length; n++) {
      expect(refusal(file.subarray(0, n)).code).toBe("npy/malformed");
    }
    fc.assert(
      fc.property(fc.nat(127), fc.nat(255), (at, byte) => {
        const bytes = file.slice();
        bytes[at] = byte;
        try {
          expect(readNpy(bytes).bytes.length).toBe(8);
        } catch (error) {
          expect((error as AssayError).code).toBe("npy/malformed");
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("writeNpy", () => {
  test("a version 1 header, elements from a multiple of 64 on", () => {
    const file = writeNpy(f32Tensor([1, 2], [1, -2]));
    const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
    expect(file).toEqual(npy(text, [0, 0, 128, 63, 0, 0, 0, 192]));
    expect(file.length % 64).toBe(8);
    const vector = writeNpy(i64Tensor([1], [5]));
    expect(Buffer.from(vector).toString("latin1")).toContain("'<i8'");
    expect(Buffer.from(vector).toString("latin1")).toContain("'shape': (1,), }");
    expect(Buffer.from(writeNpy(i64Tensor([], [5]))).toString("latin1")).toContain(
      "'shape': (), }",
    );
  });

  test("what is written comes back, bf16 as the f32 of the same value", () => {
    const tensors = fc
      .tuple(
        fc.constantFrom(...(Object.keys(DTYPES) as DType[])),
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
      )
      .chain(([dtype, dims]) => {
        const length = byteLength({ dtype, dims });
        const max = dtype === "bool" ? 1 : 255;
        return fc
          .array(fc.integer({ min: 0, max }), { minLength: length, maxLength: length })
          .map((b) => canonicalNaNs({ dtype, dims, bytes: Uint8Array.from(b) }));
      });
    fc.assert(
      fc.property(tensors, (t) => {
        const back = readNpy(writeNpy(t));
        expect(back.dims).toEqual(t.dims);
        if (t.dtype !== "bf16") {
          expect(back).toEqual(t);
          return;
        }
        const upper = back.bytes.filter((_, i) => i % 4 >= 2);
        expect(back.dtype).toBe("f32");
        expect([...upper]).toEqual([...t.bytes]);
        expect(back.bytes.every((b, i) => i % 4 >= 2 || b === 0)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

function refusal(bytes: Uint8Array): AssayError {
  try {
    readNpy(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(AssayError);
    return error as AssayError;
  }
  throw new Error("nothing was refused");
}
