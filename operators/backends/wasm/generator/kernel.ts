import { DTYPES, type DType, type RegisterType, stridesOf } from "../../../dtype.js";
import type { MicroOp } from "../../../program/micro-ops.js";
import type {
  Affine,
  Body,
  ElementProgram,
  Instruction,
  Literal,
  ReadInstruction,
} from "../../../program/types.js";
import { affineRange } from "../../../program/validate.js";
import { mergeDims } from "./merge-dims.js";

/**
 * An element program in the form that code is generated from: reads are flat addresses with the
 * bounds that could not be proved, and neighbouring dims are one wherever nothing tells them apart.
 */
export interface Kernel {
  readonly sources: readonly DType[];
  readonly dtype: DType;
  /** Extents ≥ 2, or the one extent 1 of a single element; `timeMajor` keeps the first as it is. */
  readonly out: readonly number[];
  /**
   * Whether the first out dim is the t of a recurrence: it is the outermost loop, merged with no
   * other dim and in no vector, so that a slice of it is a range of units.
   */
  readonly timeMajor: boolean;
  /** Extents ≥ 2; empty with `steps` for a fold of one step. */
  readonly fold: readonly number[];
  /** Whether `step` runs at all. Where not, `finish` sees the initial state as constants. */
  readonly steps: boolean;
  readonly when: readonly Guard[];
  readonly init: readonly Literal[];
  readonly step: KernelBody;
  readonly finish: KernelBody;
}

export interface KernelBody {
  /** Instruction i defines register i, as in the program. */
  readonly code: readonly KernelInstruction[];
  readonly results: readonly number[];
}

export type KernelInstruction =
  | { readonly kind: "constant"; readonly value: Literal }
  | { readonly kind: "state"; readonly index: number; readonly type: RegisterType }
  | { readonly kind: "coordinate"; readonly value: Linear }
  | KernelRead
  | { readonly kind: "operate"; readonly op: MicroOp; readonly args: readonly number[] };

export interface KernelRead {
  readonly kind: "read";
  readonly source: number;
  readonly dtype: DType;
  /** Flat element position; only its value modulo 2^64 matters, since guards decide whether it is used. */
  readonly address: Linear;
  readonly registers: readonly RegisterTerm[];
  readonly guards: readonly Guard[];
  readonly pad: Literal;
}

/** An affine over the canonical coordinates, exact: strides multiply past 2^53. */
export interface Linear {
  readonly constant: bigint;
  readonly out: readonly bigint[];
  readonly fold: readonly bigint[];
}

export interface RegisterTerm {
  readonly register: number;
  readonly coefficient: bigint;
}

/** `0 ≤ value + Σ registers < extent`, which could not be proved for all coordinates. */
export interface Guard {
  readonly value: Linear;
  readonly registers: readonly RegisterTerm[];
  readonly extent: bigint;
  /** Which of the two bounds holds for all coordinates. */
  readonly proved: "lower" | "upper" | "neither";
  /** Whether the value may leave i32, or wraps modulo 2^64 because of registers. */
  readonly wide: boolean;
}

export function canonicalKernel(program: ElementProgram, timeMajor = false): Kernel {
  const isMap = program.fold.length === 0;
  const when = isMap ? [] : program.when.map((a) => conditionGuard(program, a));
  const steps = !isMap && !program.fold.includes(0) && !when.includes("never");
  const step = steps ? resolveBody(program, program.step, program.fold) : [];
  const finish = resolveBody(program, program.finish, []).map(
    (i): KernelInstruction =>
      i.kind === "state" && !steps
        ? { kind: "constant", value: program.init[i.index] as Literal }
        : i,
  );
  return mergeDims({
    sources: program.sources.map((s) => s.dtype),
    dtype: program.dtype,
    out: program.out,
    timeMajor,
    fold: steps ? program.fold : [],
    steps,
    when: steps ? when.filter((g) => typeof g === "object") : [],
    init: steps ? program.init : [],
    step: { code: step, results: steps ? program.step.results : [] },
    finish: { code: finish, results: program.finish.results },
  });
}

/** `affine ≥ 0` as a guard, or what is known of it for every coordinate. */
function conditionGuard(program: ElementProgram, affine: Affine): Guard | "always" | "never" {
  const range = affineRange(affine, program.out, program.fold);
  if (!range || range.min >= 0) return "always";
  if (range.max < 0) return "never";
  return guardOf(program, affine, range, range.max + 1);
}

function guardOf(
  program: ElementProgram,
  affine: Affine,
  range: { readonly min: number; readonly max: number },
  extent: number,
): Guard {
  return {
    value: linearOf(program, affine),
    registers: [],
    extent: BigInt(Math.min(extent, range.max + 1)),
    proved: range.min >= 0 ? "lower" : range.max < extent ? "upper" : "neither",
    wide: range.min < -(2 ** 31) || range.max >= 2 ** 31 - 1,
  };
}

function linearOf(program: ElementProgram, affine: Affine): Linear {
  return {
    constant: BigInt(affine.constant),
    out: affine.out.map(BigInt),
    fold: program.fold.map((_, i) => BigInt(affine.fold[i] ?? 0)),
  };
}

function resolveBody(
  program: ElementProgram,
  body: Body,
  fold: readonly number[],
): KernelInstruction[] {
  return body.code.map((i: Instruction): KernelInstruction => {
    switch (i.kind) {
      case "state":
        return { ...i, type: (program.init[i.index] as Literal).type };
      case "coordinate":
        return { kind: "coordinate", value: linearOf(program, i.value) };
      case "read":
        return resolveRead(program, i, fold);
      default:
        return i;
    }
  });
}

/** Splits a read into a flat address and the axes whose index may leave its extent. */
function resolveRead(
  program: ElementProgram,
  read: ReadInstruction,
  fold: readonly number[],
): KernelInstruction {
  const strides = stridesOf(read.view).map(BigInt);
  const guards: Guard[] = [];
  const registers: RegisterTerm[] = [];
  let address: Linear = linearOf(program, { constant: 0, out: program.out.map(() => 0), fold: [] });
  for (const [axis, index] of read.index.entries()) {
    const extent = read.view[axis] as number;
    const stride = strides[axis] as bigint;
    const terms = index.registers.map((r) => ({
      register: r.register,
      coefficient: BigInt(r.coefficient),
    }));
    address = addScaled(address, linearOf(program, index), stride);
    for (const t of terms) registers.push({ ...t, coefficient: t.coefficient * stride });
    const range = affineRange(index, program.out, fold);
    if (extent === 0 || (terms.length === 0 && range && (range.max < 0 || range.min >= extent))) {
      return { kind: "constant", value: read.pad };
    }
    if (terms.length > 0) {
      const value = linearOf(program, index);
      guards.push({
        value,
        registers: terms,
        extent: BigInt(extent),
        proved: "neither",
        wide: true,
      });
    } else if (range && (range.min < 0 || range.max >= extent)) {
      guards.push(guardOf(program, index, range, extent));
    }
  }
  const dtype = program.sources[read.source]?.dtype as DType;
  return { kind: "read", source: read.source, dtype, address, registers, guards, pad: read.pad };
}

function addScaled(a: Linear, b: Linear, scale: bigint): Linear {
  return {
    constant: a.constant + scale * b.constant,
    out: a.out.map((c, i) => c + scale * (b.out[i] as bigint)),
    fold: a.fold.map((c, i) => c + scale * (b.fold[i] as bigint)),
  };
}

/** Bytes between neighbouring elements of a source. */
export function elementSize(dtype: DType): bigint {
  return BigInt(DTYPES[dtype].size);
}
