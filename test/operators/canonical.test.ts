import { describe, expect, test } from "vitest";
import { canonicalNaNs, type DType, firstNonCanonical, viewOf } from "../../operators/index.js";

/** [dtype, bits of the exponent field, bits of the fraction, canonical NaN] */
const HALVES: [DType, number, number, number][] = [
  ["f16", 0x7c00, 0x03ff, 0x7e00],
  ["bf16", 0x7f80, 0x007f, 0x7fc0],
];

describe.each(HALVES)("all 65536 values of %s", (dtype, exponent, fraction, nan) => {
  const expected = (bits: number) =>
    (bits & exponent) === exponent && (bits & fraction) !== 0 ? nan : bits;
  const all = new Uint8Array(2 * 65536);
  for (let i = 0; i < 65536; i++) viewOf(all).setUint16(2 * i, i, true);

  test("only NaNs change, to the canonical one", () => {
    const { bytes } = canonicalNaNs({ dtype, dims: [65536], bytes: all });
    const view = viewOf(bytes);
    for (let i = 0; i < 65536; i++) expect(view.getUint16(2 * i, true)).toBe(expected(i));
    expect(firstNonCanonical(dtype, bytes)).toBe(-1);
  });

  test("each is found or passed", () => {
    for (let i = 0; i < 65536; i++) {
      const found = firstNonCanonical(dtype, all.subarray(2 * i, 2 * i + 2));
      expect(found).toBe(expected(i) === i ? -1 : 0);
    }
  });
});

test.each<[DType, string, boolean]>([
  ["f32", "0000c07f", true],
  ["f32", "0000c0ff", false],
  ["f32", "0100807f", false],
  ["f32", "ffffff7f", false],
  ["f32", "0000807f", true],
  ["f32", "000080ff", true],
  ["f64", "000000000000f87f", true],
  ["f64", "000000000000f8ff", false],
  ["f64", "010000000000f87f", false],
  ["f64", "010000000000f07f", false],
  ["f64", "000000000000f07f", true],
  ["f64", "000000000000f0ff", true],
  ["f64", "ffffffffffffef7f", true],
  ["bool", "00", true],
  ["bool", "01", true],
  ["bool", "02", false],
  ["u8", "02", true],
  ["i32", "0000c0ff", true],
])("%s %s is canonical: %s", (dtype, hex, canonical) => {
  const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
  expect(firstNonCanonical(dtype, bytes)).toBe(canonical ? -1 : 0);
});
