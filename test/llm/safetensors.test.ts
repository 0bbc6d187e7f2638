import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssayError, type Tensor } from "../../operators/index.js";
import { readSafetensors } from "../../src/llm/safetensors.js";
import { bitsOf } from "../support/tensors.js";
import { entry, safetensorsFile } from "./files.js";

const DATA = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const A = entry("F32", [2], 0, 8);
const B = entry("BF16", [2, 2], 8, 16);
const GOOD = safetensorsFile({ __metadata__: { format: "pt" }, a: A, b: B }, DATA);

const refusal = (file: Uint8Array): string => {
  try {
    readSafetensors(file);
  } catch (error) {
    if (error instanceof AssayError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "read";
};

describe("what is read", () => {
  test("tensors in the order of their bytes, whatever the order of the header", () => {
    for (const header of [
      { a: A, b: B },
      { b: B, a: A },
    ]) {
      const tensors = readSafetensors(safetensorsFile(header, DATA));
      expect([...tensors.keys()]).toEqual(["a", "b"]);
      expect(tensors.get("a")).toEqual({ dtype: "f32", dims: [2], bytes: DATA.subarray(0, 8) });
      expect(tensors.get("b")).toEqual({ dtype: "bf16", dims: [2, 2], bytes: DATA.subarray(8) });
    }
  });

  test("metadata, spaces after the header, scalars and empty tensors", () => {
    const header = {
      __metadata__: { format: "pt" },
      scalar: entry("F16", [], 0, 2),
      empty: entry("F32", [0, 3], 2, 2),
    };
    const text = `${JSON.stringify(header)}   `;
    const tensors = readSafetensors(safetensorsFile(text, DATA.subarray(0, 2)));
    expect([...tensors].map(([n, t]) => [n, t.dims])).toEqual([
      ["scalar", []],
      ["empty", [0, 3]],
    ]);
    expect(readSafetensors(safetensorsFile({}, new Uint8Array(0))).size).toBe(0);
  });

  test("NaNs become canonical", () => {
    const data = Uint8Array.of(0x45, 0x23, 0xc1, 0xff, 0, 0, 0x80, 0x3f);
    const a = readSafetensors(safetensorsFile({ a: A }, data)).get("a") as Tensor;
    expect(bitsOf(a)).toEqual(["7fc00000", "3f800000"]);
  });

  test("names that JavaScript gives a meaning are names", () => {
    const text = `{"__proto__":${JSON.stringify(A)},"constructor":${JSON.stringify(B)}}`;
    const tensors = readSafetensors(safetensorsFile(text, DATA));
    expect([...tensors.keys()]).toEqual(["__proto__", "constructor"]);
  });
});

describe("what is refused", () => {
  const text = (header: string): Uint8Array => safetensorsFile(header, DATA);
  const a = JSON.stringify(A);
  const b = JSON.stringify(B);
  const length = (n: bigint): Uint8Array => {
    const file = GOOD.slice();
    new DataView(file.buffer).setBigUint64(0, n, true);
    return file;
  };

  test.each([
    ["an empty file", new Uint8Array(0), "shorter"],
    ["seven bytes", GOOD.subarray(0, 7), "shorter"],
    ["a header beyond the file", length(BigInt(GOOD.length - 7)), "a header of"],
    ["a header of 2^64 − 1 bytes", length(2n ** 64n - 1n), "a header of"],
    ["a header of nothing", length(0n), "begin with {"],
    ["spaces before the header", text(` {"a":${a},"b":${b}}`), "begin with {"],
    ["a list", text("[1]"), "begin with {"],
    ["half a header", text(`{"a":${a},"b"`), "expected"],
    ["two headers", text(`{"a":${a},"b":${b}}{}`), "the end"],
    ["a comma too many", text(`{"a":${a},"b":${b},}`), "a key"],
    ["no UTF-8", safetensorsFile("{}", DATA).map((x, i) => (i === 9 ? 0xff : x)), "UTF-8"],
    ["a key twice", text(`{"a":${a},"a":${b}}`), "twice"],
    ["a key twice, once in escapes", text(`{"a":${a},"\\u0061":${b}}`), "twice"],
    [
      "a member twice",
      text(`{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`),
      "twice",
    ],
    ["a member too many", safetensorsFile({ a: { ...A, more: 1 }, b: B }, DATA), "other members"],
    ["a member too few", text(`{"a":{"dtype":"F32","shape":[2]},"b":${b}}`), "other members"],
    ["a tensor that is a list", text(`{"a":[],"b":${b}}`), "other members"],
    [
      "metadata with a number",
      safetensorsFile({ __metadata__: { x: 1 }, a: A, b: B }, DATA),
      "texts",
    ],
    ["a negative dim", safetensorsFile({ a: entry("F32", [-2], 0, 8), b: B }, DATA), "sizes"],
    ["a dim of −0", text(`{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}`), "sizes"],
    ["half a dim", safetensorsFile({ a: entry("F32", [0.5], 0, 2), b: B }, DATA), "sizes"],
    [
      "a dim of 2^53",
      text(`{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,8]}}`),
      "sizes",
    ],
    [
      "a product beyond all",
      safetensorsFile({ a: entry("F32", [2 ** 40, 2 ** 40], 0, 8) }, DATA),
      "bytes for",
    ],
    [
      "a length that does not fit",
      safetensorsFile({ a: entry("F32", [3], 0, 8), b: B }, DATA),
      "bytes for",
    ],
    [
      "an end before its begin",
      safetensorsFile({ a: entry("F32", [2], 8, 0), b: B }, DATA),
      "bytes for",
    ],
    [
      "three offsets",
      text(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]},"b":${b}}`),
      "bytes for",
    ],
    [
      "an overlap",
      safetensorsFile({ a: A, b: entry("BF16", [4], 4, 12) }, DATA.subarray(0, 12)),
      "overlaps",
    ],
    [
      "two tensors in one place",
      safetensorsFile({ a: A, b: entry("F32", [2], 0, 8) }, DATA.subarray(0, 8)),
      "overlaps",
    ],
    ["a gap", safetensorsFile({ a: A, b: entry("BF16", [3], 10, 16) }, DATA), "a gap of 2"],
    ["a gap before the first", safetensorsFile({ b: B }, DATA), "a gap of 8"],
    ["bytes after the last", safetensorsFile({ a: A }, DATA), "8 bytes belong to no tensor"],
    ["a file that ends early", GOOD.subarray(0, GOOD.length - 1), "ends after the file"],
    ["deep nesting", text(`{"a":${"[".repeat(100)}`), "deeper"],
  ])("%s", (_, file, words) => {
    expect(refusal(file)).toMatch(new RegExp(`^safetensors/malformed: .*${words}`));
  });

  test.each(["I64", "F64", "F8_E4M3", "f32", "", "toString", "__proto__"])("dtype %s", (dtype) => {
    const file = safetensorsFile({ a: entry(dtype, [2], 0, 8), b: B }, DATA);
    expect(refusal(file)).toBe(`safetensors/unsupported: tensor "a" has dtype ${dtype}`);
  });

  test("a text of a million backslashes, or a header of a million brackets, in no time", () => {
    expect(refusal(text(`{"${"\\\\".repeat(1e6)}":1}`))).toContain("other members");
    expect(refusal(text(`{"${"\\".repeat(1e6 + 1)}`))).toContain("malformed");
    expect(refusal(text(`{"a":${"[".repeat(1e6)}`))).toContain("deeper");
  });
});

describe("damaged files", () => {
  const readsOrRefuses = (file: Uint8Array): void => {
    const said = refusal(file);
    expect(said).toMatch(/^(read|safetensors\/(malformed|unsupported): )/);
  };

  test("any byte changed", () => {
    const at = fc.nat(GOOD.length - 1);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const file = GOOD.slice();
          for (const [position, byte] of changes) file[position] = byte;
          readsOrRefuses(file);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("cut off anywhere is refused", () => {
    for (let end = 0; end < GOOD.length; end++) {
      expect(refusal(GOOD.subarray(0, end))).toMatch(/^safetensors\/malformed/);
    }
  });

  test("any header", () => {
    const header = fc.dictionary(
      fc.string(),
      fc.oneof(
        fc.jsonValue(),
        fc.record({
          dtype: fc.constantFrom("F32", "F16", "BF16", "I8"),
          shape: fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 3 }),
          data_offsets: fc.array(fc.integer({ min: -1, max: 16 }), { minLength: 1, maxLength: 3 }),
        }),
      ),
    );
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 16 }), (h, data) => {
        readsOrRefuses(safetensorsFile(h, data));
      }),
      { numRuns: 1000 },
    );
  });
});
