import type { RegisterType } from "../dtype.js";

/**
 * The micro-ops: everything an element program can do to values.
 *
 * Each is total, and each float result is rounded once to nearest even and has the canonical NaN
 * (numeric contract, rules 1–4 and 8). `code` is the byte in canonical encodings; codes are never
 * reused. Comparisons and bools yield an i32 that is 0 or 1. The table groups siblings:
 *
 * - min/max: NaN wins, +0 > −0. neg/abs change the sign bit, NaN stays canonical.
 * - nearest: half to even, keeps −0. floor, ceil, trunc keep −0 too.
 * - integer add/sub/mul/shl wrap; div and rem by zero give 0, MIN ÷ −1 wraps (rem gives 0);
 *   a shift by the width or more gives 0 (shr_s: the sign); the amount is read as unsigned.
 * - trunc_sat: toward zero, saturating, NaN → 0.
 * - reinterpret of an integer to a float canonicalises NaN.
 * - select(c, a, b) = c ≠ 0 ? a : b.
 */
export interface MicroOpInfo {
  readonly code: number;
  readonly args: readonly RegisterType[];
  readonly result: RegisterType;
}

type Table = Record<string, MicroOpInfo>;

const FLOAT_BINARY = ["add", "sub", "mul", "div", "min", "max"] as const;
const FLOAT_UNARY = ["sqrt", "abs", "neg", "floor", "ceil", "trunc", "nearest"] as const;
const FLOAT_COMPARE = ["eq", "lt", "le"] as const;
const INT_BINARY = [
  "add",
  "sub",
  "mul",
  "div_s",
  "div_u",
  "rem_s",
  "rem_u",
  "and",
  "or",
  "xor",
  "shl",
  "shr_s",
  "shr_u",
] as const;
const INT_COMPARE = ["eq", "lt_s", "lt_u"] as const;

function family<T extends RegisterType, B extends string, U extends string, C extends string>(
  type: T,
  base: number,
  binary: readonly B[],
  unary: readonly U[],
  compare: readonly C[],
): Record<`${T}.${B | U | C | "select"}`, MicroOpInfo> {
  const table: Table = {};
  let code = base;
  for (const n of binary)
    table[`${type}.${n}`] = { code: code++, args: [type, type], result: type };
  for (const n of unary) table[`${type}.${n}`] = { code: code++, args: [type], result: type };
  for (const n of compare) {
    table[`${type}.${n}`] = { code: code++, args: [type, type], result: "i32" };
  }
  table[`${type}.select`] = { code: code++, args: ["i32", type, type], result: type };
  return table as Record<`${T}.${B | U | C | "select"}`, MicroOpInfo>;
}

const convert = (code: number, from: RegisterType, result: RegisterType): MicroOpInfo => ({
  code,
  args: [from],
  result,
});

/**
 * f32 → f32 functions: of one argument with the correctly rounded value as contract (rule 6), of two
 * with a fixed program.
 */
const func = (code: number, arity: 1 | 2): MicroOpInfo => ({
  code,
  args: arity === 1 ? ["f32"] : ["f32", "f32"],
  result: "f32",
});

export const FUNCTION_OPS = {
  "f32.exp": func(0xc0, 1),
  "f32.log": func(0xc1, 1),
  "f32.log1p": func(0xc2, 1),
  "f32.tanh": func(0xc3, 1),
  "f32.erf": func(0xc4, 1),
  "f32.rsqrt": func(0xc5, 1),
  "f32.exp2": func(0xc6, 1),
  "f32.exp10": func(0xc7, 1),
  "f32.expm1": func(0xc8, 1),
  "f32.log2": func(0xc9, 1),
  "f32.log10": func(0xca, 1),
  "f32.sin": func(0xcb, 1),
  "f32.cos": func(0xcc, 1),
  "f32.tan": func(0xcd, 1),
  "f32.asin": func(0xce, 1),
  "f32.acos": func(0xcf, 1),
  "f32.atan": func(0xd0, 1),
  "f32.sinh": func(0xd1, 1),
  "f32.cosh": func(0xd2, 1),
  "f32.asinh": func(0xd3, 1),
  "f32.acosh": func(0xd4, 1),
  "f32.atanh": func(0xd5, 1),
  "f32.erfc": func(0xd6, 1),
  "f32.cbrt": func(0xd7, 1),
  "f32.pow": func(0xe0, 2),
  "f32.atan2": func(0xe1, 2),
  "f32.fmod": func(0xe2, 2),
} as const satisfies Table;

export const MICRO_OPS = {
  ...family("f32", 0x10, FLOAT_BINARY, FLOAT_UNARY, FLOAT_COMPARE),
  ...family("f64", 0x30, FLOAT_BINARY, FLOAT_UNARY, FLOAT_COMPARE),
  ...family("i32", 0x50, INT_BINARY, [], INT_COMPARE),
  ...family("i64", 0x70, INT_BINARY, [], INT_COMPARE),
  "f64.promote_f32": convert(0x90, "f32", "f64"),
  "f32.demote_f64": convert(0x91, "f64", "f32"),
  "f32.convert_i32_s": convert(0x92, "i32", "f32"),
  "f32.convert_i64_s": convert(0x93, "i64", "f32"),
  "f32.convert_i64_u": convert(0x94, "i64", "f32"),
  "f64.convert_i32_s": convert(0x95, "i32", "f64"),
  "f64.convert_i64_s": convert(0x96, "i64", "f64"),
  "f64.convert_i64_u": convert(0x97, "i64", "f64"),
  "i32.trunc_sat_f32_s": convert(0x98, "f32", "i32"),
  "i32.trunc_sat_f64_s": convert(0x99, "f64", "i32"),
  "i64.trunc_sat_f32_s": convert(0x9a, "f32", "i64"),
  "i64.trunc_sat_f32_u": convert(0x9b, "f32", "i64"),
  "i64.trunc_sat_f64_s": convert(0x9c, "f64", "i64"),
  "i64.trunc_sat_f64_u": convert(0x9d, "f64", "i64"),
  "i32.wrap_i64": convert(0x9e, "i64", "i32"),
  "i64.extend_i32_s": convert(0x9f, "i32", "i64"),
  "i64.extend_i32_u": convert(0xa0, "i32", "i64"),
  "i32.reinterpret_f32": convert(0xa1, "f32", "i32"),
  "f32.reinterpret_i32": convert(0xa2, "i32", "f32"),
  "i64.reinterpret_f64": convert(0xa3, "f64", "i64"),
  "f64.reinterpret_i64": convert(0xa4, "i64", "f64"),
  ...FUNCTION_OPS,
} as const satisfies Table;

export type MicroOp = keyof typeof MICRO_OPS;
export type FunctionOp = keyof typeof FUNCTION_OPS;

export function isFunctionOp(op: MicroOp): op is FunctionOp {
  return op in FUNCTION_OPS;
}

/** Weight of a function whose program has at most as many instructions. */
const FUNCTION_WEIGHT = 96;

/** Functions with longer programs: their instructions, rounded up to a multiple of 32. */
const LONG_FUNCTIONS: Partial<Readonly<Record<FunctionOp, number>>> = {
  "f32.sin": 128,
  "f32.cos": 128,
  "f32.tan": 128,
  "f32.erfc": 128,
  "f32.pow": 192,
  "f32.fmod": 128,
};

/** Weight of a micro-op in a referee's budget: 1 is one native instruction on a small machine. */
export function weightOf(op: MicroOp): number {
  return isFunctionOp(op) ? (LONG_FUNCTIONS[op] ?? FUNCTION_WEIGHT) : 1;
}
