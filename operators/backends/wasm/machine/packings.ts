import { DTYPES, elementCount } from "../../../dtype.js";
import type { ElementProgram, ReadInstruction } from "../../../program/types.js";
import { type Operand, operandOf } from "../contraction/operands.js";
import {
  type Contraction,
  constantOffset,
  foldOffsets,
  outOffsets,
  recogniseContraction,
} from "../contraction/recognise.js";
import type { Contractor, PackRequest } from "./contractor.js";

/** A constant operand of one call, which is packed once, when its bytes are given. */
export interface Packing {
  /** Which constant: its offset in the arena, or beyond the arena's end. */
  readonly offset: number;
  readonly bytes: number;
  /** Where its bytes are put first, if the arena does not hold them and code here must read them. */
  readonly stagedAt?: number;
  /** Where a step copies it to (padding, widening) before it is packed. */
  readonly copied?: { readonly at: number; readonly bytes: number };
  /** Steps of the load that copy and pack it, by position. */
  readonly steps: number[];
  /** Records of its products, one per loop position. */
  readonly jobs: number[];
  /** What a packer is asked for; where absent the steps do it all. */
  readonly request?: PackRequest;
}

/** Words of a job record that say where a packer has put columns and rows, low half first. */
export const FAR_WORDS = { columns: 16, rows: 18 } as const;

/** As the native kernel numbers how columns are stored. */
export function formatOf(request: PackRequest | undefined): number {
  return request ? ["f32", "bf16", "f16", "i8"].indexOf(request.dtype) : 0;
}

/** Whether sums of f32 are worth the kernel. */
export function isWorthwhile(program: ElementProgram, shape: Contraction): boolean {
  return DTYPES[program.dtype].register === "f32" && isLarge(program, shape);
}

/** Small or thin products are as fast in generated code and need no packing. */
export function isLarge(program: ElementProgram, shape: Contraction): boolean {
  const depth = elementCount(program.fold);
  const [rows, columns] = [shape.rows.count, shape.columns.count];
  return depth >= 4 && columns >= 4 && (rows >= 2 || depth >= 32) && rows * columns >= 32;
}

/** Of a program's constant sources, those of which only a packed form is ever read. */
export function packedSources(
  program: ElementProgram,
  isConstant: (source: number) => boolean,
  { packer }: Contractor,
): number[] {
  const shape = recogniseContraction(program);
  if (!shape || !isWorthwhile(program, shape)) return [];
  const isPacked = (read: ReadInstruction, isColumns: boolean): boolean => {
    if (!isConstant(read.source) || readsOf(program, read.source) !== 1) return false;
    return isColumns || (packer !== undefined && !operandOf(program, read, packer.takes).copy);
  };
  const sources: number[] = [];
  if (isPacked(shape.b, true)) sources.push(shape.b.source);
  if (isPacked(shape.a, false)) sources.push(shape.a.source);
  return sources;
}

function readsOf({ step, finish }: ElementProgram, source: number): number {
  const code = [...step.code, ...finish.code];
  return code.filter((i) => i.kind === "read" && i.source === source).length;
}

export function packRequest(
  program: ElementProgram,
  shape: Contraction,
  operand: Operand,
  isColumns: boolean,
): PackRequest {
  const { out, fold } = program;
  const { read, view } = operand;
  const axes = isColumns ? shape.columns : shape.rows;
  const constant = constantOffset(read, view, 1);
  const dims = [axes, shape.loops].map(({ first, end }) => out.slice(first, end));
  const steps = read.index.map((x) => [x.constant, x.fold, x.out]);
  return {
    side: isColumns ? "columns" : "rows",
    dtype: operand.copy ? "f32" : (program.sources[read.source]?.dtype ?? "f32"),
    outer: outOffsets(read, view, out, axes, 1),
    depth: foldOffsets(read, view, fold, 1),
    bases: [...outOffsets(read, view, out, shape.loops, 1)].map((x) => constant + x),
    key: JSON.stringify([view, steps, axes.first, dims, fold]),
    shared: operand.copy === undefined,
  };
}
