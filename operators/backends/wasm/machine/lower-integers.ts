import { elementCount } from "../../../dtype.js";
import type { ElementProgram, ReadInstruction } from "../../../program/types.js";
import type { Call } from "../../machine.js";
import { centredCopy, centredOf } from "../contraction/centred.js";
import { finishMap, operandOf } from "../contraction/operands.js";
import {
  type Contraction,
  constantOffset,
  foldOffsets,
  outOffsets,
} from "../contraction/recognise.js";
import type {
  IntegerContraction,
  IntegerDType,
  IntegerSide,
} from "../contraction/recognise-integers.js";
import { contractStep } from "./contract-step.js";
import type { Contractor, IntegerContractor } from "./contractor.js";
import type { MemoryMap } from "./memory-map.js";
import type { KernelStep, Step } from "./steps.js";

/** Bits of a record's `types`, as the kernels define them. */
const SIGNED_A = 1;
const WIDE_A = 2;
const SIGNED_B = 4;
const WIDE_B = 8;
const QUADS = 16;

/** k of one block of a packed panel. */
const BLOCK = 4096;

/** What the lowering of calls lends to that of one product. */
export interface Surroundings {
  readonly memory: MemoryMap;
  readonly steps: Step[];
  readonly loadSteps: Step[];
  readonly threads: number;
  readonly contractor: Contractor;
  /** A step of generated code; `elements` may find something faster. */
  kernel(program: ElementProgram, out: number, sources: readonly number[]): KernelStep;
  elements(program: ElementProgram, out: number, sources: readonly number[]): Step;
}

/** Steps for a product of integers; `before` is the call that runs right before it. */
export function lowerIntegers(
  around: Surroundings,
  call: Call,
  { shape, a, b }: IntegerContraction,
  before: Call | undefined,
): void {
  const { program } = call;
  const { memory, contractor } = around;
  const by = contractor.integers;
  const depth = elementCount(program.fold);
  const isPacked = isConstant(call, shape.b, b);
  const left = place(around, call, shape.a, a, before, false);
  const right = place(around, call, shape.b, b, before, isPacked);
  const { code, results } = program.finish;
  const isSum = program.dtype === "i32" && code[results[0] as number]?.kind === "state";
  const c = isSum ? call.out : memory.scratch(4 * elementCount(program.out));
  const quads = by.quads && left.dtype !== "i16" && right.dtype !== "i16";
  const panels = Math.ceil(shape.columns.count / by.panel);
  const tablesA = tables(around, program, left, shape, "rows");
  const tablesB = tables(around, program, right, shape, "columns");
  const mode = isPacked ? "packed" : "fresh";
  const jobs = tablesA.loops.map((from, i) => {
    const packed = isPacked ? memory.reserve(panels * panelBytes(by, depth, quads)) : 0;
    const { count } = shape.columns;
    const job = memory.words(
      Uint32Array.of(
        ...[shape.rows.count, count, depth],
        ...[from, tablesA.outer, tablesA.fold],
        ...[tablesB.loops[i] as number, tablesB.outer, tablesB.fold],
        ...[packed, c + 4 * i * shape.rows.count * count, count],
        ...[tablesA.zeros[i] as number, left.zeroStep, tablesB.zeros[i] as number, right.zeroStep],
        typeBits(left.dtype, right.dtype, quads),
      ),
    );
    if (isPacked) {
      const chunk = Math.max(1, Math.ceil(panels / (4 * around.threads)));
      around.loadSteps.push({ kind: "pack", job, units: panels, chunk, integers: true });
    }
    return job;
  });
  around.steps.push({
    ...contractStep(mode, jobs, shape, depth, around.threads, by),
    integers: true,
  });
  if (isSum) return;
  const sources = [...call.sources.map((s) => s.offset), c];
  around.steps.push(around.elements(finishMap(program, "i32"), call.out, sources));
}

/** An operand where the kernel reads it. */
interface Placed {
  readonly dtype: IntegerDType;
  readonly read: ReadInstruction;
  readonly view: readonly number[];
  readonly at: number;
  /** Address of the zero point, how it varies with the loops, and per row or column; 0: none. */
  readonly zeroAt: number;
  readonly zeroRead?: ReadInstruction;
  readonly zeroStep: number;
}

function place(
  around: Surroundings,
  call: Call,
  read: ReadInstruction,
  side: IntegerSide,
  before: Call | undefined,
  isPacked: boolean,
): Placed {
  const { program, sources } = call;
  const { offset, constant } = sources[read.source] as Call["sources"][number];
  const centred = side.dtype === "i16" ? centredOf(before, offset, call) : undefined;
  const dtype = centred?.dtype ?? side.dtype;
  const operand = operandOf(program, read, (d) => d === dtype, dtype);
  const put = { dtype, read: operand.read, view: operand.view };
  const zero = side.zero && {
    zeroAt:
      (sources[side.zero.read.source] as Call["sources"][number]).offset +
      constantOffset(side.zero.read, side.zero.read.view, 1),
    zeroRead: side.zero.read,
    zeroStep: side.zero.step,
  };
  if (!operand.copy) return { ...put, at: offset, zeroAt: 0, zeroStep: 0, ...zero };
  const bytes = (dtype === "i16" ? 2 : 1) * elementCount(operand.view);
  const stays = constant && !isPacked;
  const at = stays ? around.memory.reserve(bytes) : around.memory.scratch(bytes);
  const copy = centred ? centredCopy(operand.copy, centred.dtype) : operand.copy;
  const from = centred ? [offset, centred.zeroAt] : [offset];
  (constant ? around.loadSteps : around.steps).push(around.kernel(copy, at, from));
  return { ...put, at, zeroAt: centred?.zeroAt ?? 0, zeroStep: 0, ...zero };
}

/** Whether an operand and its zero points never change after load. */
function isConstant(call: Call, read: ReadInstruction, { zero }: IntegerSide): boolean {
  const constant = (r: ReadInstruction): boolean => call.sources[r.source]?.constant === true;
  return constant(read) && (!zero || constant(zero.read));
}

/** Offset tables, and per position of the loops the addresses of operand and zero point. */
function tables(
  { memory }: Surroundings,
  { out, fold }: ElementProgram,
  { dtype, read, view, at, zeroAt, zeroRead }: Placed,
  shape: Contraction,
  outer: "rows" | "columns",
) {
  const bytes = dtype === "i16" ? 2 : 1;
  const first = at + constantOffset(read, view, bytes);
  const loops = [...outOffsets(read, view, out, shape.loops, bytes)];
  const zeros = zeroRead && outOffsets(zeroRead, zeroRead.view, out, shape.loops, 1);
  return {
    outer: memory.words(outOffsets(read, view, out, shape[outer], bytes)),
    fold: memory.words(foldOffsets(read, view, fold, bytes)),
    loops: loops.map((offset) => first + offset),
    zeros: loops.map((_, i) => zeroAt + (zeros?.[i] ?? 0)),
  };
}

function typeBits(a: IntegerDType, b: IntegerDType, quads: boolean): number {
  return (
    (a === "u8" ? 0 : SIGNED_A) |
    (a === "i16" ? WIDE_A : 0) |
    (b === "u8" ? 0 : SIGNED_B) |
    (b === "i16" ? WIDE_B : 0) |
    (quads ? QUADS : 0)
  );
}

/**
 * Bytes of one packed panel: of every block of the fold, lanes of two k as words or of four as quads,
 * the latter behind two more for sums and zero points of the columns.
 */
export function panelBytes(
  { panel }: Pick<IntegerContractor, "panel">,
  depth: number,
  quads: boolean,
): number {
  const lanes = (k: number): number => (quads ? 2 + Math.ceil(k / 4) : Math.ceil(k / 2));
  const whole = Math.floor(depth / BLOCK);
  const rest = depth % BLOCK !== 0 || depth === 0 ? lanes(depth % BLOCK) : 0;
  return 4 * panel * (whole * lanes(BLOCK) + rest);
}
