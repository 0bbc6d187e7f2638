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
import { readJsonTensor, writeJsonTensor } from "../../src/files/json-tensor.js";

const read = (text: string, dtype?: DType) => readJsonTensor(new TextEncoder().encode(text), dtype);
const hex = (t: Tensor) => Buffer.from(t.bytes).toString("hex");

describe("readJsonTensor", () => {
  test("nested arrays", () => {
    expect(read("[[1, 2, 3], [4, 5.5, -6e-1]]", "f32")).toEqual(
      f32Tensor([2, 3], [1, 2, 3, 4, 5.5, -0.6]),
    );
    expect(read("7", "i64")).toEqual(i64Tensor([], [7]));
    expect(read("[]", "f32").dims).toEqual([0]);
    expect(read("[[], []]", "f32").dims).toEqual([2, 0]);
  });

  test("with dtype and dims", () => {
    const text = '{"dims": [2, 1], "dtype": "i64", "data": [-1, "9007199254740993"]}';
    expect(read(text)).toEqual(i64Tensor([2, 1], [-1n, 9007199254740993n]));
    expect(read('{"dtype":"f32","dims":[0,9007199254740991],"data":[]}').dims).toHaveLength(2);
  });

  test.each<[DType, string, string]>([
    ["f32", '["NaN", "Infinity", "-Infinity", -0]', "0000c07f0000807f000080ff00000080"],
    ["f32", "[0.1, 1e-45, 16777217]", "cdcccc3d010000000000804b"],
    ["f16", "[65504, 1e-8, -2]", "ff7b000000c0"],
    ["bf16", "[1, 1.00390625]", "803f803f"],
    ["f64", "[0.1]", "9a9999999999b93f"],
    ["bool", "[true, false, 1, 0]", "01000100"],
    ["u8", "[0, 255]", "00ff"],
    ["i8", "[-128, 1.0]", "8001"],
    ["u32", "[4294967295]", "ffffffff"],
    ["i64", '["-9223372036854775808"]', "0000000000000080"],
    ["u64", '["18446744073709551615"]', "ffffffffffffffff"],
  ])("%s %s", (dtype, text, expected) => {
    expect(hex(read(text, dtype))).toBe(expected);
  });

  test.each<[string, string, DType | undefined, string]>([
    ["text that is not JSON", "[1, 2", "f32", "is not JSON"],
    ["nothing", "", "f32", "is not JSON"],
    ["a deep nest", "[".repeat(100_000), "f32", "is not JSON"],
    ["a deep tensor", `${"[".repeat(5000)}${"]".repeat(5000)}`, "f32", "rank 5000"],
    ["no dtype", "[1]", undefined, "does not say its dtype"],
    ["a ragged list", "[[1, 2], [3]]", "f32", "ragged: along axis 1"],
    ["a number among lists", "[[1], 2]", "f32", "ragged: along axis 1"],
    ["a list among numbers", "[1, [2]]", "f32", "element 1: a list is not a number"],
    ["null", "[null]", "f32", "null is not a number"],
    ["a bool for a float", "[true]", "f32", "true is not a number"],
    ["another word", '["nan"]', "f32", '"nan" is not a number'],
    ["too large for f64", "[1e999]", "f64", "too large for f64"],
    ["too large for f32", "[1e39]", "f32", "too large for f32"],
    ["too large for f16", "[65520]", "f16", "too large for f16"],
    ["a fraction for an integer", "[1.5]", "i32", "not an exact integer"],
    ["out of range", "[128]", "i8", "outside i8"],
    ["negative unsigned", "[-1]", "u32", "outside u32"],
    ["beyond 2^53 as a number", "[9007199254740993]", "i64", "not an exact integer"],
    ["beyond i64", '["9223372036854775808"]', "i64", "outside i64"],
    ["digits without end", `["${"9".repeat(1000)}"]`, "i64", "not an exact integer"],
    ["2 for a bool", "[2]", "bool", "2 is not a bool"],
    ["few values", '{"dtype":"f32","dims":[3],"data":[1]}', undefined, "[3] does not hold 1"],
    ["a huge claim", '{"dtype":"f32","dims":[1e15],"data":[1]}', undefined, "does not hold 1"],
    [
      "a product beyond numbers",
      `{"dtype":"f32","dims":[${"1e15,".repeat(40)}1],"data":[]}`,
      undefined,
      "does not hold",
    ],
    ["a negative dim", '{"dtype":"f32","dims":[-1],"data":[]}', undefined, "not a list of sizes"],
    ["another dtype", '{"dtype":"float32","dims":[],"data":[1]}', undefined, 'dtype "float32"'],
    ["an inherited dtype", '{"dtype":"toString","dims":[],"data":[1]}', undefined, "dtype"],
    ["another key", '{"dtype":"f32","dims":[],"data":[1],"x":1}', undefined, "exactly dtype"],
    ["a missing key", '{"dtype":"f32","data":[1]}', undefined, "exactly dtype"],
  ])("refuses %s", (_, text, dtype, message) => {
    const error = refusal(() => read(text, dtype));
    expect(error.code).toBe("json/malformed");
    expect(error.message).toContain(message);
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(refusal(() => readJsonTensor(Uint8Array.of(0x22, 0xff, 0x22), "f32")).message).toBe(
      "json: is not JSON",
    );
  });

  test("any JSON value is a tensor or a typed error", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom<DType>("f32", "i64", "bool"), (text, dtype) => {
        try {
          expect(read(text, dtype).dtype).toBe(dtype);
        } catch (error) {
          expect((error as AssayError).code).toBe("json/malformed");
        }
      }),
      { numRuns: 500 },
    );
  });
});

test("what is written comes back", () => {
  const tensors = fc
    .tuple(
      fc.constantFrom(...(Object.keys(DTYPES) as DType[])),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
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
      expect(read(writeJsonTensor(t))).toEqual(t);
    }),
    { numRuns: 500 },
  );
});

function refusal(action: () => unknown): AssayError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(AssayError);
    return error as AssayError;
  }
  throw new Error("nothing was refused");
}
