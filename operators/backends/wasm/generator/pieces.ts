import type { Guard, Kernel, KernelBody, KernelInstruction, Linear } from "./kernel.js";
import type { Schedule } from "./schedule.js";

/**
 * Index-set splitting: the lane dim of a map in pieces within which guards and comparisons of
 * coordinates are decided. A concatenation becomes one plain copy per input, a padded copy one with
 * an edge on either side.
 */
export interface Piece {
  /** Lane positions from ≤ x < to. */
  readonly from: number;
  readonly to: number;
  /** `finish` as it is there. */
  readonly finish: KernelBody;
}

/** Code size: each piece has a loop of its own. */
const MAX_PIECES = 64;

export function piecesOf(kernel: Kernel, schedule: Schedule): Piece[] {
  const { width, lane, lanes, span } = schedule;
  const whole = { from: 0, to: width, finish: kernel.finish };
  if (kernel.steps || lanes < 4 || span !== 4 || schedule.across !== lane) return [whole];
  const cuts = cutsBetween(boundaries(kernel, lane, width), width);
  if (cuts.length === 0 || cuts.length >= MAX_PIECES) return [whole];
  return [...cuts, width].map((to, i) => {
    const from = i === 0 ? 0 : (cuts[i - 1] as number);
    return { from, to, finish: specialise(kernel, lane, BigInt(from), BigInt(to)) };
  });
}

/** Cuts at the boundaries, but so that no piece is shorter than a vector. */
function cutsBetween(at: readonly number[], width: number): number[] {
  const cuts: number[] = [];
  for (const boundary of at) {
    const last = cuts.at(-1) ?? 0;
    if (boundary > last) cuts.push(Math.max(boundary, last + 4));
  }
  while (cuts.length > 0 && (cuts.at(-1) as number) > width - 4) {
    cuts.pop();
    if (width - 4 >= (cuts.at(-1) ?? 0) + 4) {
      cuts.push(width - 4);
      break;
    }
  }
  return cuts;
}

/** Lane positions at which the truth of a guard or comparison changes, ascending. */
function boundaries(kernel: Kernel, lane: number, width: number): number[] {
  const found = new Set<number>();
  const add = (value: Linear, threshold: bigint): void => {
    const slope = value.out[lane] as bigint;
    const others = value.out.some((c, i) => i !== lane && c !== 0n);
    if (slope === 0n || others) return;
    const at = Number(firstChange(slope, value.constant, threshold));
    if (at > 0 && at < width) found.add(at);
  };
  const { code } = kernel.finish;
  for (const i of code) {
    if (i.kind === "read") {
      for (const g of i.guards.filter((guard) => guard.registers.length === 0)) {
        add(g.value, 0n);
        add(g.value, g.extent);
      }
    } else if (i.kind === "operate" && i.op === "i64.lt_s") {
      const [a, b] = i.args.map((r) => code[r] as KernelInstruction);
      if (a?.kind === "coordinate" && b?.kind === "constant") add(a.value, signed(b.value.bits));
      if (b?.kind === "coordinate" && a?.kind === "constant")
        add(b.value, signed(a.value.bits) + 1n);
    }
  }
  return [...found].sort((a, b) => a - b);
}

const signed = (bits: bigint): bigint => BigInt.asIntN(64, bits);

/** The first x at which slope·x + constant ≥ threshold is not what it is before. */
function firstChange(slope: bigint, constant: bigint, threshold: bigint): bigint {
  const distance = threshold - constant;
  // Rising: x ≥ distance ÷ slope. Falling: x > distance ÷ slope.
  if (slope > 0n) return -floorDivide(-distance, slope);
  return floorDivide(-distance, -slope) + 1n;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

/** `finish` for lane positions from ≤ x < to: what is decided there is settled. */
function specialise(kernel: Kernel, lane: number, from: bigint, to: bigint): KernelBody {
  const rangeOf = (value: Linear): Range => {
    let min = value.constant;
    let max = value.constant;
    value.out.forEach((c, i) => {
      const low = i === lane ? from : 0n;
      const high = i === lane ? to - 1n : BigInt((kernel.out[i] as number) - 1);
      min += c > 0n ? c * low : c * high;
      max += c > 0n ? c * high : c * low;
    });
    return { min, max };
  };
  const instead = new Map<number, number>();
  const now = (r: number): number => instead.get(r) ?? r;
  const code: KernelInstruction[] = [];
  for (const [r, i] of kernel.finish.code.entries()) {
    const settled = settle(i, code, now, rangeOf);
    if (typeof settled === "number") instead.set(r, settled);
    code.push(typeof settled === "number" ? i : settled);
  }
  return { code, results: kernel.finish.results.map(now) };
}

/** An instruction within a range; a number where it is the same as an earlier register. */
function settle(
  i: KernelInstruction,
  code: readonly KernelInstruction[],
  now: (register: number) => number,
  rangeOf: (value: Linear) => Range,
): KernelInstruction | number {
  if (i.kind === "read") {
    const registers = i.registers.map((t) => ({ ...t, register: now(t.register) }));
    const guards: Guard[] = [];
    for (const g of i.guards) {
      const { min, max } = rangeOf(g.value);
      const isAffine = g.registers.length === 0;
      if (isAffine && (max < 0n || min >= g.extent)) return { kind: "constant", value: i.pad };
      const terms = g.registers.map((t) => ({ ...t, register: now(t.register) }));
      if (!isAffine || min < 0n || max >= g.extent) guards.push({ ...g, registers: terms });
    }
    return { ...i, registers, guards };
  }
  if (i.kind !== "operate") return i;
  const args = i.args.map(now);
  const given = args.map((a) => code[a] as KernelInstruction);
  if (i.op === "i64.lt_s") {
    const truth = isLess(given, rangeOf);
    if (truth !== undefined) {
      return { kind: "constant", value: { type: "i32", bits: truth ? 1n : 0n } };
    }
  }
  const [condition] = given;
  if (i.op.endsWith(".select") && condition?.kind === "constant") {
    return args[condition.value.bits === 0n ? 2 : 1] as number;
  }
  return { ...i, args };
}

/** Whether the first of two instructions is less than the second, where ranges decide it. */
function isLess(
  given: readonly KernelInstruction[],
  rangeOf: (value: Linear) => Range,
): boolean | undefined {
  const ranges = given.map((i): Range | undefined => {
    if (i.kind === "coordinate") return rangeOf(i.value);
    if (i.kind !== "constant") return undefined;
    return { min: signed(i.value.bits), max: signed(i.value.bits) };
  });
  const [a, b] = ranges;
  if (!a || !b) return undefined;
  if (a.max < b.min) return true;
  return a.min >= b.max ? false : undefined;
}
