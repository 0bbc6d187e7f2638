import { type DType, elementCount } from "../../../dtype.js";
import { literal } from "../../../program/literal.js";
import { flatPosition, isOwnPosition } from "../../../program/refactor.js";
import type {
  ElementProgram,
  IndexExpression,
  Instruction,
  ReadInstruction,
} from "../../../program/types.js";
import { affineRange } from "../../../program/validate.js";
import { type Axes, type Contraction, outOffsets } from "./recognise.js";

/**
 * The kernel reads f32 and never checks bounds. An operand that is narrower, or that is read
 * outside its dims (padding), is first copied by an index-map program into an f32 tensor that has
 * an element for every index, padding included. Who `takes` narrower ones needs no copy of those.
 */
export interface Operand {
  readonly source: number;
  /** Dims the kernel sees, and the read's indices into them. */
  readonly view: readonly number[];
  readonly read: ReadInstruction;
  /** Makes the copy from the original source; absent where the source serves as it is. */
  readonly copy?: ElementProgram;
}

export function operandOf(
  program: ElementProgram,
  read: ReadInstruction,
  takes = (dtype: DType): boolean => dtype === "f32",
  to: DType = "f32",
): Operand {
  const source = program.sources[read.source] as ElementProgram["sources"][number];
  const ranges = read.index.map(
    (x) => affineRange(x, program.out, program.fold) ?? { min: 0, max: 0 },
  );
  const inside = ranges.every((r, i) => r.min >= 0 && r.max < (read.view[i] as number));
  if (inside && takes(source.dtype)) return { source: read.source, view: read.view, read };
  const view = ranges.map((r) => r.max - r.min + 1);
  const shifted = read.index.map((x, i) => ({
    ...x,
    constant: x.constant - (ranges[i]?.min as number),
  }));
  return {
    source: read.source,
    view,
    read: { ...read, view, index: shifted },
    copy: copyProgram(
      source.dtype,
      to,
      read,
      view,
      ranges.map((r) => r.min),
    ),
  };
}

/** out[i…] = source[i + from…], or the pad; bytes are widened to f32 as the product says. */
function copyProgram(
  dtype: DType,
  to: DType,
  read: ReadInstruction,
  out: readonly number[],
  from: readonly number[],
): ElementProgram {
  const index = out.map((_, axis): IndexExpression => {
    return {
      constant: from[axis] as number,
      out: out.map((_, i) => (i === axis ? 1 : 0)),
      fold: [],
      registers: [],
    };
  });
  const code: Instruction[] = [{ kind: "read", source: 0, view: read.view, index, pad: read.pad }];
  if (to === "f32" && dtype === "i8") {
    code.push({ kind: "operate", op: "f32.convert_i32_s", args: [0] });
  }
  return {
    ...mapOf([{ dtype, length: elementCount(read.view) }], out),
    dtype: to,
    finish: { code, results: [code.length - 1] },
  };
}

function mapOf(sources: ElementProgram["sources"], out: readonly number[]) {
  const step = { code: [], results: [] };
  return { sources, dtype: "f32" as DType, out, fold: [], when: [], init: [], step };
}

/** What happens to a finished sum. */
export type Epilogue =
  /** What the kernel does in registers: a bias, a residual, a rectification, in this order. */
  | SumEpilogue
  /** A map over the sums (its last source) and the program's sources. */
  | { readonly kind: "map"; readonly program: ElementProgram };

export interface SumEpilogue {
  readonly kind: "sum";
  /** Consecutive f32 along rows or columns. */
  readonly bias?: { readonly along: "rows" | "columns"; readonly read: ReadInstruction };
  /** f32 laid out like the result. */
  readonly residual?: ReadInstruction;
  /** max(x, +0), NaN kept. */
  readonly relu: boolean;
}

export function epilogueOf(program: ElementProgram, shape: Contraction): Epilogue {
  return sumEpilogue(program, shape) ?? { kind: "map", program: finishMap(program) };
}

/** The finish as bias, residual and rectification, from its result back to the state. */
function sumEpilogue(program: ElementProgram, shape: Contraction): SumEpilogue | undefined {
  if (program.dtype !== "f32") return undefined;
  const { code, results } = program.finish;
  const rectified = rectifiedOf(code, results[0] as number);
  const relu = rectified !== undefined;
  let at = rectified ?? (results[0] as number);
  let residual: ReadInstruction | undefined;
  const last = sumOf(code, at);
  if (last && isResidual(program, last.read)) {
    residual = last.read;
    at = last.rest;
  }
  const rest = { relu, ...(residual ? { residual } : {}) };
  if (code[at]?.kind === "state") return { kind: "sum", ...rest };
  const first = sumOf(code, at);
  const along = first && biasAxis(program, shape, first.read);
  if (!first || !along || code[first.rest]?.kind !== "state") return undefined;
  return { kind: "sum", bias: { along, read: first.read }, ...rest };
}

/** What max(x, +0) is taken of; min(…, ∞), which changes nothing, may be around it. */
function rectifiedOf(code: readonly Instruction[], at: number): number | undefined {
  const bounded = withConstant(code, at, "f32.min", 0x7f800000n);
  return withConstant(code, bounded ?? at, "f32.max", 0n);
}

function withConstant(
  code: readonly Instruction[],
  at: number,
  op: "f32.min" | "f32.max",
  bits: bigint,
): number | undefined {
  const i = code[at];
  if (i?.kind !== "operate" || i.op !== op) return undefined;
  const isConstant = (register: number): boolean => {
    const x = code[register];
    return x?.kind === "constant" && x.value.bits === bits;
  };
  const [x, y] = i.args as [number, number];
  return isConstant(y) ? x : isConstant(x) ? y : undefined;
}

/** A sum of a read and something else; of two reads, the second is taken for it. */
function sumOf(code: readonly Instruction[], at: number) {
  const i = code[at];
  if (i?.kind !== "operate" || i.op !== "f32.add") return undefined;
  const [x, y] = i.args as [number, number];
  const [left, right] = [code[x], code[y]];
  if (right?.kind === "read") return { read: right, rest: x };
  return left?.kind === "read" ? { read: left, rest: y } : undefined;
}

/** Whether a read is of the element's own position in a tensor like the result. */
function isResidual(program: ElementProgram, read: ReadInstruction): boolean {
  if (program.sources[read.source]?.dtype !== "f32") return false;
  const flat = flatPosition(read, program.out, []);
  return flat !== undefined && isOwnPosition(flat, program.out);
}

function biasAxis(
  program: ElementProgram,
  shape: Contraction,
  read: ReadInstruction,
): "rows" | "columns" | undefined {
  if (program.sources[read.source]?.dtype !== "f32") return undefined;
  if (!flatPosition(read, program.out, [])) return undefined;
  const steps = (axes: Axes, step: number): boolean =>
    outOffsets(read, read.view, program.out, axes).every((offset, i) => offset === i * step);
  if (steps(shape.rows, 4) && steps(shape.columns, 0)) return "rows";
  if (steps(shape.rows, 0) && steps(shape.columns, 4)) return "columns";
  return undefined;
}

/** The program's finish with the fold's result read from a tensor instead of a state word. */
export function finishMap(program: ElementProgram, dtype: "f32" | "i32" = "f32"): ElementProgram {
  const { out } = program;
  const index = out.map((_, axis): IndexExpression => {
    return { constant: 0, out: out.map((_, i) => (i === axis ? 1 : 0)), fold: [], registers: [] };
  });
  const sums: Instruction = {
    kind: "read",
    source: program.sources.length,
    view: out,
    index,
    pad: literal(dtype, 0),
  };
  return {
    ...mapOf([...program.sources, { dtype, length: elementCount(out) }], out),
    dtype: program.dtype,
    finish: {
      code: program.finish.code.map((i) => (i.kind === "state" ? sums : i)),
      results: program.finish.results,
    },
  };
}
