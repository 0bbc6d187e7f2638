import { elementCount, stridesOf } from "../../../dtype.js";
import type { ElementProgram, Instruction, ReadInstruction } from "../../../program/types.js";

/**
 * Recognises a program whose fold is the contract's multiply-add over two plain reads (rule 9) and
 * states it as matrix products: C[m][n] = Σ_k A(m, k) · B(k, n), one per position of the loops.
 *
 * The out dims are cut from the inside: the innermost axes that only one operand depends on are the
 * columns, the axes before them that only the other depends on are the rows, the rest are loops. So
 * matmul, gemm, grouped convolution and attention all become the same thing.
 */
export interface Contraction {
  readonly rows: Axes;
  readonly columns: Axes;
  readonly loops: Axes;
  /** The read that varies along rows, and the one that varies along columns. */
  readonly a: ReadInstruction;
  readonly b: ReadInstruction;
}

/** A run of out axes, `first` … `end − 1`, and the product of their dims. */
export interface Axes {
  readonly first: number;
  readonly end: number;
  readonly count: number;
}

export function recogniseContraction(program: ElementProgram): Contraction | undefined {
  const reads = multiplyAddReads(program);
  return reads && matrixProducts(program, reads);
}

/** The products whose two operands are those reads. */
export function matrixProducts(
  { out, fold }: ElementProgram,
  reads: readonly [ReadInstruction, ReadInstruction],
): Contraction | undefined {
  if (fold.length === 0 || elementCount(out) === 0) return undefined;
  const sides = out.map((d, axis) => (d === 1 ? "any" : sideOf(reads, axis)));
  // The innermost real axis decides which read is the column operand.
  const inner = sides.findLast((s) => s !== "any");
  if (inner === "both" || inner === "none") return undefined;
  const columnSide = inner ?? "second";
  const rowSide = columnSide === "first" ? "second" : "first";
  const isOneOf = (side: string) => (s: string) => s === side || s === "any";
  const columnsFrom = runBefore(sides, out.length, isOneOf(columnSide));
  const rowsFrom = runBefore(sides, columnsFrom, isOneOf(rowSide));
  const [first, second] = reads;
  return {
    rows: axes(out, rowsFrom, columnsFrom),
    columns: axes(out, columnsFrom, out.length),
    loops: axes(out, 0, rowsFrom),
    a: rowSide === "first" ? first : second,
    b: rowSide === "first" ? second : first,
  };
}

type Side = "first" | "second" | "both" | "none";

function sideOf(reads: readonly [ReadInstruction, ReadInstruction], axis: number): Side {
  const [first, second] = reads.map((r) => r.index.some((x) => x.out[axis] !== 0));
  if (first) return second ? "both" : "first";
  return second ? "second" : "none";
}

/** Start of the longest run of axes that ends before `end` and of which all satisfy `holds`. */
function runBefore(sides: readonly string[], end: number, holds: (s: string) => boolean): number {
  let at = end;
  while (at > 0 && holds(sides[at - 1] as string)) at--;
  return at;
}

function axes(out: readonly number[], first: number, end: number): Axes {
  return { first, end, count: elementCount(out.slice(first, end)) };
}

/** The two reads of `acc + a·b`, widened or not, or undefined where the step is anything else. */
function multiplyAddReads(
  program: ElementProgram,
): readonly [ReadInstruction, ReadInstruction] | undefined {
  const { step, init, when } = program;
  if (when.length > 0 || init.length !== 1 || step.results.length !== 1) return undefined;
  if (init[0]?.type !== "f32" || init[0].bits !== 0n) return undefined;
  const at = (register: number | undefined): Instruction | undefined =>
    register === undefined ? undefined : step.code[register];
  const sum = at(step.results[0]);
  if (sum?.kind !== "operate" || sum.op !== "f32.add") return undefined;
  const [state, product] = [at(sum.args[0]), at(sum.args[1])];
  if (state?.kind !== "state") return undefined;
  if (product?.kind !== "operate" || product.op !== "f32.mul") return undefined;
  const [a, b] = product.args.map((register) => {
    const factor = at(register);
    const isWidened = factor?.kind === "operate" && factor.op === "f32.convert_i32_s";
    const read = isWidened ? at(factor.args[0]) : factor;
    if (!isPlainRead(read)) return undefined;
    // Copies and tiles widen a byte with a sign; other integers stay with the generator.
    return isWidened === (program.sources[read.source]?.dtype === "i8") ? read : undefined;
  });
  return a && b && [a, b];
}

export function isPlainRead(i: Instruction | undefined): i is ReadInstruction {
  return i?.kind === "read" && i.pad.bits === 0n && i.index.every((x) => x.registers.length === 0);
}

/** Bytes of an f32: what offsets count in where a kernel reads. */
const F32_BYTES = 4;

/**
 * Byte offsets of a read into an f32 copy of its view, by position along some out axes (others at
 * 0), without the constant part. With `unit` 1: in elements.
 */
export function outOffsets(
  read: ReadInstruction,
  view: readonly number[],
  out: readonly number[],
  along: Axes,
  unit = F32_BYTES,
): Int32Array {
  const strides = stridesOf(view);
  const perAxis = out.map((_, axis) => flatCoefficient(read, strides, (x) => x.out[axis] ?? 0));
  return offsetsAlong(
    out.slice(along.first, along.end),
    perAxis.slice(along.first, along.end),
    unit,
  );
}

/** Byte offsets of a read by fold position; with `unit` 1: in elements. */
export function foldOffsets(
  read: ReadInstruction,
  view: readonly number[],
  fold: readonly number[],
  unit = F32_BYTES,
): Int32Array {
  const strides = stridesOf(view);
  const perAxis = fold.map((_, axis) => flatCoefficient(read, strides, (x) => x.fold[axis] ?? 0));
  return offsetsAlong(fold, perAxis, unit);
}

/** Byte offset of a read's constant part; with `unit` 1: in elements. */
export function constantOffset(
  read: ReadInstruction,
  view: readonly number[],
  unit = F32_BYTES,
): number {
  return unit * flatCoefficient(read, stridesOf(view), (x) => x.constant);
}

function flatCoefficient(
  read: ReadInstruction,
  strides: readonly number[],
  coefficient: (x: ReadInstruction["index"][number]) => number,
): number {
  return read.index.reduce((sum, x, i) => sum + coefficient(x) * (strides[i] as number), 0);
}

function offsetsAlong(
  dims: readonly number[],
  coefficients: readonly number[],
  unit: number,
): Int32Array {
  let offsets = Int32Array.of(0);
  dims.forEach((d, axis) => {
    const step = unit * (coefficients[axis] as number);
    const next = new Int32Array(offsets.length * d);
    let at = 0;
    for (const offset of offsets) for (let i = 0; i < d; i++) next[at++] = offset + i * step;
    offsets = next;
  });
  return offsets;
}
