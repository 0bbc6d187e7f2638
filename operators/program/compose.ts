import { type DType, elementCount } from "../dtype.js";
import { AssayError } from "../errors.js";
import { literal } from "./literal.js";
import type { MicroOp } from "./micro-ops.js";
import {
  commonFactors,
  coordinatesOf,
  dimsOfCuts,
  flatPosition,
  isOwnPosition,
  refactored,
  relocated,
  type Substitution,
  substituteIn,
  suffixProducts,
} from "./refactor.js";
import type {
  Affine,
  Body,
  ElementProgram,
  Instruction,
  ReadInstruction,
  SourceType,
} from "./types.js";
import { validateProgram } from "./validate.js";

/**
 * Two programs as one, so that the tensor between them need not exist. Nothing is changed that
 * arithmetic could see: the same micro-ops run on the same values in the same order. What is stored
 * and read again is the register itself, since every micro-op's result is canonical (contract rule
 * 2); where storing narrows an integer, the narrowing becomes micro-ops, and where it rounds a float,
 * nothing is composed.
 *
 * Everything here answers `undefined` where it does not apply.
 */

/** A program with the tensors that it reads, each by its number. */
export interface Applied {
  readonly program: ElementProgram;
  readonly sources: readonly number[];
}

/**
 * The consumer, a map, at the end of the producer: for where each of its reads of `tensor`, which the
 * producer makes, is of the element's own position. The producer may be a fold.
 */
export function appended(
  producer: Applied,
  consumer: Applied,
  tensor: number,
): Applied | undefined {
  if (consumer.program.fold.length > 0) return undefined;
  const dims = commonFactors(producer.program.out, consumer.program.out);
  const first = dims && refactored(producer.program, dims, producer.program.fold);
  const second = dims && refactored(consumer.program, dims, []);
  if (!first || !second) return undefined;
  const sources = new SourceList();
  const code = sources.renamed(first.finish.code, first, producer.sources);
  const step = sources.renamed(first.step.code, first, producer.sources);
  const value = stored(code, first.finish.results[0] as number, first.dtype);
  if (value === undefined) return undefined;
  const isOwn = (read: ReadInstruction): boolean => {
    const flat = flatPosition(read, dims, []);
    return flat !== undefined && isOwnPosition(flat, dims);
  };
  const result = splice(code, second.finish, (read) => {
    if (consumer.sources[read.source] !== tensor) {
      return { read: sources.rename(read, second, consumer.sources) };
    }
    return isOwn(read) ? { register: value } : undefined;
  });
  if (!result) return undefined;
  return checked({
    program: {
      ...first,
      sources: sources.types,
      dtype: second.dtype,
      step: { ...first.step, code: step },
      finish: { code, results: result },
    },
    sources: sources.tensors,
  });
}

/**
 * The consumer with the producer, a map, in place of its reads of `tensor`. They must be in range for
 * all coordinates, or the producer a plain copy.
 */
export function inlined(producer: Applied, consumer: Applied, tensor: number): Applied | undefined {
  if (producer.program.fold.length > 0) return undefined;
  if (isPlainCopy(producer.program)) {
    const from = producer.sources[0] as number;
    return { ...consumer, sources: consumer.sources.map((s) => (s === tensor ? from : s)) };
  }
  const program = cutFor(producer.program, consumer, tensor);
  if (!program) return undefined;
  const sources = new SourceList();
  const body = (of: Body, fold: readonly number[]): Body | undefined => {
    const code: Instruction[] = [];
    const results = splice(code, of, (read) => {
      if (consumer.sources[read.source] !== tensor) {
        return { read: sources.rename(read, program, consumer.sources) };
      }
      const flat = flatPosition(read, program.out, fold);
      const by = flat && coordinatesOf(flat, program.out, fold, producer.program.out);
      return by && inlineAt(code, producer, sources, substitution(by, program.out, fold));
    });
    return results && { code, results };
  };
  const step = body(program.step, program.fold);
  const finish = body(program.finish, []);
  if (!step || !finish) return undefined;
  return checked({
    program: { ...program, sources: sources.types, step, finish },
    sources: sources.tensors,
  });
}

/**
 * The producer at the places to which the consumer, a move, brings its elements: the consumer's
 * result, without a copy. The producer may be a fold.
 */
export function moved(producer: Applied, consumer: Applied, tensor: number): Applied | undefined {
  const move = consumer.program;
  if (!isMove(move) || consumer.sources[0] !== tensor) return undefined;
  const { program } = producer;
  const cut = cutFor(program, consumer, tensor);
  const read = cut?.finish.code[0];
  if (!cut || read?.kind !== "read") return undefined;
  const flat = flatPosition(read, cut.out, []);
  const by = flat && coordinatesOf(flat, cut.out, [], program.out);
  if (!by) return undefined;
  const place = substitution(by, cut.out, program.fold);
  const fold = program.fold.map(
    (_, i): Affine => ({
      constant: 0,
      out: cut.out.map(() => 0),
      fold: program.fold.map((_, j) => (i === j ? 1 : 0)),
    }),
  );
  const whole = relocated(program, cut.out, program.fold, { ...place, fold });
  return checked({ program: whole, sources: producer.sources });
}

/**
 * Whether a program only widens: bf16 or f16 to f32, which reading does, or i8 to f32. All are exact.
 */
export function isWidening({ fold, finish, dtype, sources }: ElementProgram): boolean {
  const [read, convert, ...more] = finish.code;
  if (fold.length > 0 || dtype !== "f32" || more.length > 0 || read?.kind !== "read") return false;
  const from = sources[read.source]?.dtype;
  if (from === "bf16" || from === "f16") return convert === undefined;
  return from === "i8" && convert?.kind === "operate" && convert.op === "f32.convert_i32_s";
}

/** A map that reads one element and stores it as it is: a transposition, a slice, a reshape. */
export function isMove({ fold, finish, dtype, sources }: ElementProgram): boolean {
  const [read] = finish.code;
  return (
    fold.length === 0 &&
    finish.code.length === 1 &&
    read?.kind === "read" &&
    read.index.every((x) => x.registers.length === 0) &&
    sources[read.source]?.dtype === dtype
  );
}

/** A move of a whole tensor to the same positions. */
export function isPlainCopy(program: ElementProgram): boolean {
  const [read] = program.finish.code;
  if (!isMove(program) || read?.kind !== "read") return false;
  if (program.sources[read.source]?.length !== elementCount(program.out)) return false;
  const flat = flatPosition(read, program.out, []);
  return flat !== undefined && isOwnPosition(flat, program.out);
}

/** The consumer's program, cut so that its reads of `tensor` are coordinates of the producer. */
function cutFor(
  producer: ElementProgram,
  { program, sources }: Applied,
  tensor: number,
): ElementProgram | undefined {
  if (elementCount(program.out) === 0 || elementCount(program.fold) === 0) return undefined;
  const outCuts = program.out.map((): number[] => []);
  const foldCuts = program.fold.map((): number[] => []);
  const edges = suffixProducts(producer.out);
  for (const { code, fold } of [
    { code: program.step.code, fold: program.fold },
    { code: program.finish.code, fold: [] },
  ]) {
    for (const read of code) {
      if (read.kind !== "read" || sources[read.source] !== tensor) continue;
      const flat = flatPosition(read, program.out, fold);
      if (!flat) return undefined;
      collectCuts(flat.out, program.out, edges, outCuts);
      collectCuts(flat.fold, fold, edges, foldCuts);
    }
  }
  const out = program.out.flatMap((d, i) => dimsOfCuts(d, outCuts[i] as number[]) ?? [d]);
  const fold = program.fold.flatMap((d, i) => dimsOfCuts(d, foldCuts[i] as number[]) ?? [d]);
  return refactored(program, out, program.fold.length > 0 && fold.length === 0 ? [1] : fold);
}

/** Where a coordinate that steps by `coefficients[i]` elements meets an edge of the producer's axes. */
function collectCuts(
  coefficients: readonly number[],
  dims: readonly number[],
  edges: readonly number[],
  into: readonly number[][],
): void {
  dims.forEach((d, i) => {
    const step = Math.abs(coefficients[i] as number);
    if (step === 0) return;
    for (const edge of edges) {
      const at = edge / step;
      if (Number.isInteger(at) && at > 1 && at < d && d % at === 0) into[i]?.push(at);
    }
  });
}

function substitution(
  coordinates: readonly Affine[],
  out: readonly number[],
  fold: readonly number[],
): Substitution {
  return { out: coordinates, fold: [], ranks: { out: out.length, fold: fold.length } };
}

/** Appends a map's code at the given coordinates; yields the register of its stored element. */
function inlineAt(
  code: Instruction[],
  { program, sources: tensors }: Applied,
  sources: SourceList,
  by: Substitution,
): { readonly register: number } | undefined {
  const body = {
    ...program.finish,
    code: program.finish.code.map((i) => substituteIn(i, by)),
  };
  const results = splice(code, body, (read) => ({
    read: sources.rename(read, program, tensors),
  }));
  // What was read is stored as it was: of that dtype it is the same value again.
  const [result] = results ?? [];
  const register =
    result === undefined || isMove(program) ? result : stored(code, result, program.dtype);
  return register === undefined ? undefined : { register };
}

type Replacement = { readonly read: ReadInstruction } | { readonly register: number };

/** Appends a body to `code`, its reads replaced; yields its results, or nothing where one cannot be. */
function splice(
  code: Instruction[],
  body: Body,
  replace: (read: ReadInstruction) => Replacement | undefined,
): number[] | undefined {
  const at: number[] = [];
  for (const instruction of body.code) {
    if (instruction.kind === "operate") {
      const args = instruction.args.map((r) => at[r] as number);
      at.push(code.push({ ...instruction, args }) - 1);
    } else if (instruction.kind === "read") {
      const index = instruction.index.map((x) => ({
        ...x,
        registers: x.registers.map((r) => ({ ...r, register: at[r.register] as number })),
      }));
      const by = replace({ ...instruction, index });
      if (!by) return undefined;
      at.push("register" in by ? by.register : code.push(by.read) - 1);
    } else at.push(code.push(instruction) - 1);
  }
  return body.results.map((r) => at[r] as number);
}

/** The register that a read of an element yields, whose value before it was stored is `register`. */
function stored(code: Instruction[], register: number, dtype: DType): number | undefined {
  const bits = (value: number | bigint, type: "i32" | "i64"): number =>
    code.push({ kind: "constant", value: literal(type, value) }) - 1;
  const operate = (op: MicroOp, ...args: number[]): number =>
    code.push({ kind: "operate", op, args }) - 1;
  const signed = (shift: number): number => {
    const by = bits(shift, "i32");
    return operate("i32.shr_s", operate("i32.shl", register, by), by);
  };
  switch (dtype) {
    case "f16":
    case "bf16":
      return undefined;
    case "u8":
      return operate("i32.and", register, bits(0xff, "i32"));
    case "u16":
      return operate("i32.and", register, bits(0xffff, "i32"));
    case "i8":
      return signed(24);
    case "i16":
      return signed(16);
    case "u32":
      return operate("i64.and", register, bits(0xffffffffn, "i64"));
    case "bool": {
      const isZero = operate("i32.eq", register, bits(0, "i32"));
      return operate("i32.xor", isZero, bits(1, "i32"));
    }
    default:
      return register;
  }
}

/** The sources of a composed program: every tensor once. */
class SourceList {
  readonly types: SourceType[] = [];
  readonly tensors: number[] = [];

  rename(
    read: ReadInstruction,
    { sources }: ElementProgram,
    tensors: readonly number[],
  ): ReadInstruction {
    const tensor = tensors[read.source] as number;
    const known = this.tensors.indexOf(tensor);
    if (known >= 0) return { ...read, source: known };
    this.types.push(sources[read.source] as SourceType);
    this.tensors.push(tensor);
    return { ...read, source: this.tensors.length - 1 };
  }

  renamed(
    code: readonly Instruction[],
    program: ElementProgram,
    tensors: readonly number[],
  ): Instruction[] {
    return code.map((i) => (i.kind === "read" ? this.rename(i, program, tensors) : i));
  }
}

/** The composition, unless it is beyond a program's limits. */
function checked(applied: Applied): Applied | undefined {
  try {
    validateProgram(applied.program);
  } catch (error) {
    if (error instanceof AssayError && error.code === "program/invalid") return undefined;
    throw error;
  }
  return applied;
}
