import { DTYPES, type DType, type RegisterType } from "../../dtype.js";
import { isFunctionOp, MICRO_OPS, type MicroOp } from "../../program/micro-ops.js";
import type { ElementProgram } from "../../program/types.js";
import {
  canonicalKernel,
  type Kernel,
  type KernelInstruction,
  type KernelRead,
} from "../wasm/generator/kernel.js";
import type { MapRecord } from "../wasm/machine/contractor.js";

/** The native code's limits (source/map-job.h). */
const LIMITS = { slots: 32, reads: 8, code: 96, outer: 8 } as const;

/** `kLoad` and `kLoadOnce`; other codes are those of micro-ops. */
const LOAD = 1;
const LOAD_ONCE = 2;

const READABLE: readonly DType[] = ["f32", "i32", "u8", "i8", "u16", "i16", "bool"];

/**
 * The record (source/map-job.h) of a map over tensors at byte addresses, or undefined where native
 * code does not run it: registers are f32 and i32, every read stays inside its tensor and goes along
 * the columns at neighbours or at one element. With `columns` a row is exactly so many elements.
 */
export function mapRecord(
  program: ElementProgram,
  out: number,
  sources: readonly number[],
  columns?: number,
): MapRecord | undefined {
  if (program.fold.length > 0 || !READABLE.includes(program.dtype)) return undefined;
  const elements = program.out.reduce((n, d) => n * d, 1);
  if (elements === 0 || elements >= 2 ** 31) return undefined;
  const kernel = inRows(canonicalKernel(program), columns);
  if (!kernel || kernel.out.length - 1 > LIMITS.outer) return undefined;
  const code = codeOf(kernel);
  if (!code) return undefined;
  const outer = kernel.out.slice(0, -1);
  const width = kernel.out.at(-1) as number;
  const reads = code.reads.map((read) => readWords(read, sources));
  const words = [
    ...[elements / width, width, out, DTYPES[program.dtype].code, code.result],
    ...[outer.length, reads.length, code.constants.length / 2, code.words.length / 5],
    ...outer,
    ...reads.flat(),
    ...code.constants,
    ...code.words,
  ];
  return { words: Uint32Array.from(words, (w) => w >>> 0), elements, grain: grainOf(kernel) };
}

/** The kernel with exactly `columns` elements in its last dim, where its dims can be cut so. */
function inRows(kernel: Kernel, columns: number | undefined): Kernel | undefined {
  const width = kernel.out.at(-1) as number;
  if (columns === undefined || columns === width) return kernel;
  if (width % columns !== 0) return undefined;
  const cut = (of: readonly bigint[]): bigint[] => {
    const last = of.at(-1) as bigint;
    return [...of.slice(0, -1), last * BigInt(columns), last];
  };
  const code = kernel.finish.code.map((i): KernelInstruction => {
    return i.kind === "read" ? { ...i, address: { ...i.address, out: cut(i.address.out) } } : i;
  });
  const out = [...kernel.out.slice(0, -1), width / columns, columns];
  return { ...kernel, out, finish: { ...kernel.finish, code } };
}

function readWords(read: KernelRead, sources: readonly number[]): number[] {
  const { size } = DTYPES[read.dtype];
  const at = (sources[read.source] as number) + size * Number(read.address.constant);
  const strides = read.address.out.slice(0, -1).map((s) => size * Number(s));
  return [at, DTYPES[read.dtype].code, Number(read.address.out.at(-1)), ...strides];
}

interface BlockCode {
  readonly reads: readonly KernelRead[];
  /** Slot and bits of each. */
  readonly constants: readonly number[];
  /** Five words per instruction. */
  readonly words: readonly number[];
  readonly result: number;
}

/** Puts registers into slots, each free again behind its last use. */
function codeOf({ finish }: Kernel): BlockCode | undefined {
  const { code } = finish;
  const result = finish.results[0] as number;
  const lastUse = lastUses(code, result);
  const isUsed = (register: number): boolean => lastUse[register] !== undefined;
  const free = Array.from({ length: LIMITS.slots }, (_, i) => LIMITS.slots - 1 - i);
  const slots: number[] = [];
  const reads: KernelRead[] = [];
  const constants: number[] = [];
  const words: number[] = [];
  // What is the same for all elements comes first: its slots are written once and stay.
  for (const [register, i] of code.entries()) {
    if (!isUniform(i) || !isUsed(register)) continue;
    const slot = free.pop();
    if (slot === undefined) return undefined;
    slots[register] = slot;
    if (i.kind === "constant" && is32(i.value.type)) constants.push(slot, Number(i.value.bits));
    else if (i.kind === "read" && isPlain(i)) words.push(LOAD_ONCE, slot, reads.push(i) - 1, 0, 0);
    else return undefined;
  }
  for (const [register, i] of code.entries()) {
    if (isUniform(i) || !isUsed(register)) continue;
    const args = i.kind === "operate" ? i.args : [];
    const operands = args.map((a) => slots[a] as number);
    for (const a of new Set(args)) {
      const arg = code[a] as KernelInstruction;
      if (lastUse[a] === register && !isUniform(arg)) free.push(slots[a] as number);
    }
    const slot = free.pop();
    if (slot === undefined) return undefined;
    slots[register] = slot;
    if (i.kind === "read" && isPlain(i)) words.push(LOAD, slot, reads.push(i) - 1, 0, 0);
    else if (i.kind === "operate" && isKnown(i.op)) {
      const [a = 0, b = 0, c = 0] = operands;
      words.push(MICRO_OPS[i.op].code, slot, a, b, c);
    } else return undefined;
  }
  if (reads.length > LIMITS.reads || words.length > 5 * LIMITS.code) return undefined;
  return { reads, constants, words, result: slots[result] as number };
}

/** The last register that uses each, the program's end for the result, nothing for what is not needed. */
function lastUses(code: readonly KernelInstruction[], result: number): (number | undefined)[] {
  const last: (number | undefined)[] = [];
  last[result] = code.length;
  for (let register = code.length - 1; register >= 0; register--) {
    const i = code[register] as KernelInstruction;
    if (last[register] === undefined || i.kind !== "operate") continue;
    for (const a of i.args) last[a] ??= register;
  }
  return last;
}

const is32 = (type: RegisterType): boolean => type === "f32" || type === "i32";

function isPlain({ dtype, address, registers, guards }: KernelRead): boolean {
  const column = address.out.at(-1);
  return (
    READABLE.includes(dtype) &&
    registers.length === 0 &&
    guards.length === 0 &&
    (column === 0n || column === 1n)
  );
}

/** Whether all elements have the same: constants, and reads of one place. */
function isUniform(i: KernelInstruction): boolean {
  return i.kind === "constant" || (i.kind === "read" && i.address.out.every((c) => c === 0n));
}

/** What blocks do not do: integer division, shifts, and conversions that saturate. */
const UNKNOWN = /\.(div_s|div_u|rem_s|rem_u|shl|shr_s|shr_u|trunc_sat_.*)$/;

function isKnown(op: MicroOp): boolean {
  const { args, result } = MICRO_OPS[op];
  return [...args, result].every(is32) && !UNKNOWN.test(op);
}

/**
 * Whether blocks are faster than generated code, which has narrower vectors but keeps registers in
 * registers. They are where a function is called, and where memory is all that counts (ms, generated
 * and in blocks: Gelu 128x3072 2.2 and 0.6, ReLU 64x111x111 0.23 and 0.12, the last stage of a layer
 * norm 512x768 0.11 and 0.20).
 */
export function mapPays(program: ElementProgram): boolean {
  let operations = 0;
  for (const i of program.finish.code) {
    if (i.kind !== "operate") continue;
    if (isFunctionOp(i.op)) return true;
    operations++;
  }
  return operations === 1;
}

/** Elements that take about 10 µs: functions some 2 ns each, all else a tenth of that. */
function grainOf({ finish }: Kernel): number {
  const ns = finish.code.reduce((sum, i) => {
    return sum + (i.kind === "operate" && isFunctionOp(i.op) ? 2 : 0.1);
  }, 0);
  return Math.ceil(10_000 / ns / GRANULE) * GRANULE;
}

const GRANULE = 1024;
