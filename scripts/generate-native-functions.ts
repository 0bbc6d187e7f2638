import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { literalValue } from "../operators/program/literal.js";
import { MICRO_OPS } from "../operators/program/micro-ops.js";
import type { FunctionInstruction, Literal, ScalarFunction } from "../operators/program/types.js";
import { SCALAR_FUNCTIONS } from "../operators/scalar/functions/index.js";

/**
 *   npx tsx scripts/generate-native-functions.ts            writes the header
 *   npx tsx scripts/generate-native-functions.ts --check    fails if it differs from the programs
 *
 * Writes the elementary functions for the native backend: every ScalarFunction as C++ over vectors,
 * one statement per instruction. The names are those of native/source/lanes.h.
 */
const OUTPUT = fileURLToPath(
  new URL("../operators/backends/native/source/functions.gen.h", import.meta.url),
);

/** The header's whole text. */
export function nativeFunctions(): string {
  const functions = Object.values(SCALAR_FUNCTIONS);
  return [
    "// Generated from operators/scalar/functions by scripts/generate-native-functions.ts; do not edit.",
    "",
    "#pragma once",
    "",
    '#include "lanes.h"',
    "",
    "// clang-format off",
    "namespace assay {",
    "namespace {",
    "",
    ...functions.map((f) => `${functionText(f)}\n`),
    "/// X(code, parameters, name) for every function.",
    "#define ASSAY_FUNCTIONS(X) \\",
    functions
      .map((f) => `  X(${MICRO_OPS[f.name].code}, ${f.parameters.length}, ${nameOf(f)})`)
      .join(" \\\n"),
    "",
    "}  // namespace",
    "}  // namespace assay",
    "",
  ].join("\n");
}

const nameOf = (f: ScalarFunction): string => `${f.name.slice("f32.".length)}F`;

function functionText(f: ScalarFunction): string {
  const parameters = f.parameters.map((_, i) => `Many<F32> p${i}`).join(", ");
  const truths: boolean[] = [];
  const lines = f.code.map((i, register) => {
    const text = instructionText(f, i, truths);
    truths.push(isTruth(i, truths));
    return `  const auto r${register} = ${text};`;
  });
  // A constant that is only a mask has no register here, nor has a comparison within an extreme.
  const used = lines.filter((_, register) => {
    const name = new RegExp(`\\br${register}\\b`);
    return register === f.result || lines.some((line, at) => at > register && name.test(line));
  });
  return [
    `INLINE Many<F32> ${nameOf(f)}(${parameters}) {`,
    ...used,
    `  return r${f.result};`,
    "}",
  ].join("\n");
}

const COMPARE = /\.(eq|lt|le|lt_s|lt_u)$/;
const BITWISE = /^i32\.(and|or|xor)$/;

/** Whether a register holds a lane mask: what was compared, and bit operations between such. */
function isTruth(i: FunctionInstruction, truths: readonly boolean[]): boolean {
  if (i.kind !== "operate") return false;
  return COMPARE.test(i.op) || (BITWISE.test(i.op) && i.args.some((a) => truths[a]));
}

function instructionText(
  f: ScalarFunction,
  i: FunctionInstruction,
  truths: readonly boolean[],
): string {
  if (i.kind === "parameter") return `p${i.index}`;
  if (i.kind === "constant") return constantText(i.value);
  const op = i.op.slice(i.op.indexOf(".") + 1);
  const masks = op === "select" ? [0] : isTruth(i, truths) && !COMPARE.test(i.op) ? [0, 1] : [];
  const args = i.args.map((a, at) => {
    if (masks.includes(at)) return truths[a] ? `r${a}` : maskText(f, a);
    if (truths[a]) throw new Error(`${f.name}: ${i.op} of a truth value`);
    return `r${a}`;
  });
  if (op === "select") {
    const extreme = extremeText(f, i.args);
    if (extreme) return extreme;
  }
  const sign = /^f|\.(eq|lt_s)$/.test(i.op) ? OPERATORS[op] : undefined;
  if (sign) return `${args[0]} ${sign} ${args[1]}`;
  return `${NAMES[op] ?? op}(${args.join(", ")})`;
}

/** select(a < b, a, b) and select(b < a, a, b) of f64, one machine instruction each. */
function extremeText(f: ScalarFunction, [condition, a, b]: readonly number[]): string | undefined {
  const compare = f.code[condition as number];
  if (compare?.kind !== "operate" || compare.op !== "f64.lt") return undefined;
  const [left, right] = compare.args;
  if (left === a && right === b) return `lesser(r${a}, r${b})`;
  return left === b && right === a ? `greater(r${a}, r${b})` : undefined;
}

/** A constant that is 0 or 1 as a lane mask. */
function maskText(f: ScalarFunction, register: number): string {
  const i = f.code[register];
  if (i?.kind !== "constant" || i.value.bits > 1n) throw new Error(`${f.name}: not a truth value`);
  return i.value.bits === 0n ? "never()" : "always()";
}

/** What C++ writes between operands; integers wrap, which its signed ones do not promise. */
const OPERATORS: Readonly<Record<string, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  eq: "==",
  lt: "<",
  lt_s: "<",
  le: "<=",
};

/** Names that C++ keeps to itself, or that say less alone. */
const NAMES: Readonly<Record<string, string>> = {
  add: "wrapAdd",
  sub: "wrapSub",
  mul: "wrapMul",
  and: "bitAnd",
  or: "bitOr",
  xor: "bitXor",
};

function constantText(value: Literal): string {
  const { type } = value;
  const x = literalValue(value);
  if (typeof x === "bigint") return `i64(${hex(value.bits)})`;
  if (type === "i32") return `i32(${hex(value.bits)})`;
  return `${type}(${floatText(x)})`;
}

const hex = (bits: bigint): string => `0x${bits.toString(16)}`;

/** The shortest decimal that rounds to x. */
function floatText(x: number): string {
  if (Number.isNaN(x)) return '__builtin_nan("")';
  if (!Number.isFinite(x)) return x > 0 ? "__builtin_inf()" : "-__builtin_inf()";
  if (Object.is(x, -0)) return "-0.0";
  const text = String(x);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = nativeFunctions();
  if (!process.argv.includes("--check")) writeFileSync(OUTPUT, text);
  else if (readFileSync(OUTPUT, "utf8") !== text) {
    console.error("functions.gen.h is stale: run npm run build:kernels");
    process.exitCode = 1;
  }
}
