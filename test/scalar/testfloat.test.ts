import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { f32Bits, f32FromBits, f64FromBits } from "../../operators/program/literal.js";
import { f16ToNumber, numberToF16 } from "../../operators/scalar/half.js";
import { SEMANTICS } from "../../operators/scalar/semantics.js";
import { dataPath, describeWithData } from "../support/data.js";

/**
 * The micro-ops against Berkeley TestFloat's vectors, every line, bit by bit. A line is operands,
 * result and flags in hex. NaNs are compared in canonical form; where the flags say "invalid", a
 * conversion's result is the tested machine's choice and not IEEE's, so those lines are left out.
 *
 * No micro-op rounds half away from zero or gives an integer in another direction than toward zero,
 * so f32_roundToInt.near_maxMag is not used, and *.rne is read as nearest, then conversion.
 */
type Format = keyof typeof DECODE;
type Value = number | bigint;

const DECODE = {
  f16: (hex: string): Value => f16ToNumber(Number.parseInt(hex, 16)),
  f32: (hex: string): Value => f32FromBits(Number.parseInt(hex, 16)),
  f64: (hex: string): Value => f64FromBits(BigInt(`0x${hex}`)),
  i32: (hex: string): Value => Number.parseInt(hex, 16) | 0,
  i64: (hex: string): Value => BigInt.asIntN(64, BigInt(`0x${hex}`)),
  bool: (hex: string): Value => Number.parseInt(hex, 16),
};

/** A result as the interpreter stores it: what is rounded or made canonical there, is here. */
const ENCODE: Readonly<Record<Format, (value: Value) => string>> = {
  f16: (x) => word(numberToF16(Number(x)), 4),
  f32: (x) => word(f32Bits(Number(x)), 8),
  f64: () => expect.fail("no vector has an f64 result"),
  i32: (x) => word(Number(x) >>> 0, 8),
  i64: (x) => BigInt.asUintN(64, BigInt(x)).toString(16).toUpperCase().padStart(16, "0"),
  bool: (x) => String(x),
};

const word = (bits: number, digits: number): string =>
  bits.toString(16).toUpperCase().padStart(digits, "0");

interface Suite {
  readonly file: string;
  readonly from: Format;
  readonly to: Format;
  readonly lines: number;
  readonly run: (a: Value, b: Value) => Value;
}

const op = (name: keyof typeof SEMANTICS) => (a: Value, b: Value) => SEMANTICS[name](a, b, 0);
const widest = (a: Value): Value => a;
const nearestThen =
  (name: keyof typeof SEMANTICS) =>
  (a: Value): Value =>
    SEMANTICS[name](SEMANTICS["f32.nearest"](a, 0, 0), 0, 0);

const BINARY = ["add", "sub", "mul", "div"] as const;
const COMPARE = ["eq", "le", "lt"] as const;
const ROUND = [
  ["near_even", "f32.nearest"],
  ["minMag", "f32.trunc"],
  ["min", "f32.floor"],
  ["max", "f32.ceil"],
] as const;

const suite = (
  file: string,
  from: Format,
  to: Format,
  lines: number,
  run: Suite["run"],
): Suite => ({ file, from, to, lines, run });

const ARITHMETIC: readonly Suite[] = [
  ...BINARY.map((name) => suite(`f32_${name}.rne`, "f32", "f32", 46464, op(`f32.${name}`))),
  ...COMPARE.map((name) => suite(`f32_${name}.rne`, "f32", "bool", 46464, op(`f32.${name}`))),
  ...ROUND.map(([mode, name]) => suite(`f32_roundToInt.${mode}`, "f32", "f32", 600, op(name))),
  suite("f32_sqrt.rne", "f32", "f32", 600, op("f32.sqrt")),
];

const CONVERSIONS: readonly Suite[] = [
  suite("f16_to_f32.rne", "f16", "f32", 408, widest),
  suite("f32_to_f16.rne", "f32", "f16", 600, widest),
  suite("f64_to_f32.rne", "f64", "f32", 768, op("f32.demote_f64")),
  suite("i32_to_f32.rne", "i32", "f32", 372, op("f32.convert_i32_s")),
  suite("i64_to_f32.rne", "i64", "f32", 756, op("f32.convert_i64_s")),
  suite("f32_to_i32.rtz", "f32", "i32", 600, op("i32.trunc_sat_f32_s")),
  suite("f32_to_i64.rtz", "f32", "i64", 600, op("i64.trunc_sat_f32_s")),
  suite("f32_to_i32.rne", "f32", "i32", 600, nearestThen("i32.trunc_sat_f32_s")),
  suite("f32_to_i64.rne", "f32", "i64", 600, nearestThen("i64.trunc_sat_f32_s")),
];

const INVALID = 0x10;

/** Lines with another result than TestFloat's, and how many lines were compared. */
function compare({ file, from, to, run }: Suite, skipInvalid: boolean) {
  const text = readFileSync(dataPath(`float/testfloat/${file}.txt`), "utf8");
  const wrong: string[] = [];
  let lines = 0;
  let compared = 0;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    lines++;
    const parts = line.split(" ");
    const flags = Number.parseInt(parts.pop() as string, 16);
    if (skipInvalid && (flags & INVALID) !== 0) continue;
    const result = parts.pop() as string;
    const [a, b] = parts.map(DECODE[from]);
    const got = ENCODE[to](run(a as Value, b ?? 0));
    const expected = ENCODE[to](DECODE[to](result));
    compared++;
    if (got !== expected) wrong.push(`${line}: got ${got}`);
  }
  return { lines, compared, wrong };
}

describeWithData(
  "TestFloat: arithmetic, comparisons, rounding to integers",
  "float/testfloat",
  () => {
    it.each(ARITHMETIC)("$file", (s) => {
      expect(compare(s, false)).toEqual({ lines: s.lines, compared: s.lines, wrong: [] });
    });
  },
);

describeWithData("TestFloat: conversions", "float/testfloat", () => {
  it.each(CONVERSIONS)("$file", (s) => {
    const { lines, compared, wrong } = compare(s, true);
    expect(wrong).toEqual([]);
    expect(lines).toBe(s.lines);
    expect(compared).toBeGreaterThan(s.lines / 4);
  });
});
