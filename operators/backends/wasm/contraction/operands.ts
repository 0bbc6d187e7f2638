import { type DType, elementCount } from "../../../dtype.js";
import { literal } from "../../../program/literal.js";
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

/** out[i…] = source[i + from…], or the pad. */
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
  return {
    ...mapOf([{ dtype, length: elementCount(read.view) }], out),
    dtype: to,
    finish: { code, results: [0] },
  };
}

function mapOf(sources: ElementProgram["sources"], out: readonly number[]) {
  const step = { code: [], results: [] };
  return { sources, dtype: "f32" as DType, out, fold: [], when: [], init: [], step };
}

/** What happens to a finished sum. */
export type Epilogue =
  | { readonly kind: "none" }
  /** Adds a bias that the kernel reads at consecutive f32 along rows or columns. */
  | { readonly kind: "bias"; readonly along: "rows" | "columns"; readonly read: ReadInstruction }
  /** A map over the sums (its last source) and the program's sources. */
  | { readonly kind: "map"; readonly program: ElementProgram };

/** `sums` is the dtype of the finished sums. */
export function epilogueOf(
  program: ElementProgram,
  shape: Contraction,
  sums: "f32" | "i32" = "f32",
): Epilogue {
  const { code, results } = program.finish;
  const last = code[results[0] as number];
  if (program.dtype === sums && last?.kind === "state") return { kind: "none" };
  if (program.dtype === "f32" && sums === "f32") {
    if (last?.kind === "operate" && last.op === "f32.add") {
      const [x, y] = last.args.map((r) => code[r]);
      const bias = x?.kind === "state" ? y : y?.kind === "state" ? x : undefined;
      if (bias?.kind === "read") {
        const along = biasAxis(program, shape, bias);
        if (along) return { kind: "bias", along, read: bias };
      }
    }
  }
  return { kind: "map", program: finishMap(program, sums) };
}

function biasAxis(
  program: ElementProgram,
  shape: Contraction,
  read: ReadInstruction,
): "rows" | "columns" | undefined {
  if (program.sources[read.source]?.dtype !== "f32") return undefined;
  const plain = read.index.every((x, i) => {
    const range = affineRange(x, program.out, []);
    const inside = !range || (range.min >= 0 && range.max < (read.view[i] as number));
    return x.registers.length === 0 && inside;
  });
  if (!plain) return undefined;
  const steps = (axes: Axes, step: number): boolean =>
    outOffsets(read, read.view, program.out, axes).every((offset, i) => offset === i * step);
  if (steps(shape.rows, 4) && steps(shape.columns, 0)) return "rows";
  if (steps(shape.rows, 0) && steps(shape.columns, 4)) return "columns";
  return undefined;
}

/** The program's finish with the fold's result read from a tensor instead of a state word. */
function finishMap(program: ElementProgram, dtype: "f32" | "i32"): ElementProgram {
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
