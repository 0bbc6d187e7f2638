import type { DType } from "../../../dtype.js";
import type { ElementProgram, Instruction, ReadInstruction } from "../../../program/types.js";
import { affineRange } from "../../../program/validate.js";
import {
  type Axes,
  type Contraction,
  isPlainRead,
  matrixProducts,
  outOffsets,
} from "./recognise.js";

/**
 * A program whose fold sums products of narrow integers, each less a zero point, in i32 (rule 16):
 * C[m][n] = Σ_k (A(m, k) − zA(m)) · (B(k, n) − zB(n)). All of it is arithmetic modulo 2^32, so a kernel
 * may sum in any order and multiply the zero points out.
 */
export interface IntegerContraction {
  readonly shape: Contraction;
  readonly a: IntegerSide;
  readonly b: IntegerSide;
}

export interface IntegerSide {
  readonly dtype: IntegerDType;
  readonly zero?: ZeroPoint;
}

export type IntegerDType = "u8" | "i8" | "i16";

export interface ZeroPoint {
  readonly read: ReadInstruction;
  /** Elements from one row (of A) or column (of B) to the next. */
  readonly step: number;
}

export function recogniseIntegers(program: ElementProgram): IntegerContraction | undefined {
  const factors = factorsOf(program);
  if (!factors) return undefined;
  const shape = matrixProducts(program, [factors[0].read, factors[1].read]);
  if (!shape) return undefined;
  const rowsFirst = shape.a === factors[0].read;
  const a = sideOf(program, factors[rowsFirst ? 0 : 1], shape.rows, shape.columns);
  const b = sideOf(program, factors[rowsFirst ? 1 : 0], shape.columns, shape.rows);
  return a && b && { shape, a, b };
}

interface Factor {
  readonly read: ReadInstruction;
  readonly zero: ReadInstruction | undefined;
}

/** Both factors of `acc + a·b` in i32, or undefined where the step is anything else. */
function factorsOf({ step, init, when }: ElementProgram): readonly [Factor, Factor] | undefined {
  if (when.length > 0 || init.length !== 1 || step.results.length !== 1) return undefined;
  if (init[0]?.type !== "i32" || init[0].bits !== 0n) return undefined;
  const { code } = step;
  const sum = operation(code, step.results[0], "i32.add");
  const product = sum && operation(code, sum[1]?.at, "i32.mul");
  if (sum?.[0]?.instruction.kind !== "state" || !product) return undefined;
  const [x, y] = product.map((p) => factorAt(code, p.at));
  return x && y && [x, y];
}

function factorAt(code: readonly Instruction[], at: number): Factor | undefined {
  const instruction = code[at];
  if (isPlainRead(instruction)) return { read: instruction, zero: undefined };
  const [x, z] = operation(code, at, "i32.sub")?.map((p) => p.instruction) ?? [];
  return isPlainRead(x) && isPlainRead(z) ? { read: x, zero: z } : undefined;
}

function operation(code: readonly Instruction[], at: number | undefined, op: string) {
  const instruction = at === undefined ? undefined : code[at];
  if (instruction?.kind !== "operate" || instruction.op !== op) return undefined;
  return instruction.args.map((at) => ({ at, instruction: code[at] as Instruction }));
}

function sideOf(
  program: ElementProgram,
  { read, zero }: Factor,
  along: Axes,
  across: Axes,
): IntegerSide | undefined {
  const dtype = program.sources[read.source]?.dtype;
  if (!isNarrow(dtype)) return undefined;
  if (!zero) return { dtype };
  // An i16 less another need not be one.
  if (program.sources[zero.source]?.dtype !== dtype || dtype === "i16") return undefined;
  const { view } = zero;
  const inside = zero.index.every((x, i) => {
    const range = affineRange(x, program.out, program.fold);
    return !range || (range.min >= 0 && range.max < (view[i] as number));
  });
  const fixed = zero.index.every((x) => x.fold.every((c) => c === 0));
  const steps = outOffsets(zero, view, program.out, along, 1);
  const step = steps[1] ?? 0;
  const even = step >= 0 && steps.every((offset, i) => offset === i * step);
  const apart = outOffsets(zero, view, program.out, across, 1).every((offset) => offset === 0);
  return inside && fixed && even && apart ? { dtype, zero: { read: zero, step } } : undefined;
}

function isNarrow(dtype: DType | undefined): dtype is IntegerDType {
  return dtype === "u8" || dtype === "i8" || dtype === "i16";
}
