import type { RegisterType } from "../../../dtype.js";
import type { MicroOp } from "../../../program/micro-ops.js";
import type { FunctionBody, Local } from "../function-body.js";
import { EVEN_WORDS, extractLane, LANE_SHAPES, pushLanes } from "./lanes.js";

/** Operands of vector code, and truth values as lane masks. */

/**
 * Lane width of a truth value kept as a mask, all ones for 1 and all zeros for 0: that of the
 * compared values, so that a select of the same width takes it as it is.
 */
export type MaskWidth = 32 | 64;

export interface Operand {
  readonly type: RegisterType;
  /** Number of the register, to tell whether two operands are the same. */
  readonly register: number;
  /** Pushes one of its vectors. */
  readonly push: (half: number) => void;
  readonly mask: MaskWidth | undefined;
  /** The same value as a scalar, where all lanes have it. */
  readonly scalar?: Local;
  /** Its bits, where it is a constant. */
  readonly literal?: bigint;
  /** The registers of a float comparison `first < second` that it is the mask of. */
  readonly less?: readonly number[];
}

const COMPARE = /^(...)\.(eq|lt|le|lt_s|lt_u)$/;
const BITWISE = /^i32\.(and|or|xor)$/;

/** What decides the form of a truth value. */
export interface Truth {
  readonly mask: MaskWidth | undefined;
  /** Whether it is known to be 0 or 1, in whatever form. */
  readonly isTruth: boolean;
}

/**
 * The width of the mask that vector code yields for `op`, or `undefined` where it yields numbers:
 * comparisons yield masks, and so do bit operations between truth values.
 */
export function maskOf(op: MicroOp, args: readonly Truth[]): MaskWidth | undefined {
  const compared = COMPARE.exec(op)?.[1];
  if (compared !== undefined) return LANE_SHAPES[compared as RegisterType].halves === 1 ? 32 : 64;
  if (!BITWISE.test(op) || !args.every((a) => a.isTruth)) return undefined;
  return args.every((a) => a.mask === 64) ? 64 : 32;
}

/** Whether `op` yields 1 or 0, whatever its form. */
export function yieldsTruth(op: MicroOp): boolean {
  return COMPARE.test(op);
}

/** Pushes a half as the micro-ops see it: truth values are 0 and 1. */
export function pushHalf(f: FunctionBody, arg: Operand, half: number): void {
  if (arg.mask === undefined) return arg.push(half);
  pushMask(f, arg, 32, 0);
  pushLanes(f, 32, [1n]);
  f.op("v128.and");
}

/** Pushes an i32 operand as a mask of the wanted width: all ones where it is not 0. */
export function pushMask(f: FunctionBody, arg: Operand, width: MaskWidth, half: number): void {
  if (arg.literal !== undefined) pushLanes(f, 32, [arg.literal === 0n ? 0n : -1n]);
  else if (arg.mask === width) arg.push(half);
  else if (width === 32) pushNarrow(f, arg);
  else pushWidened(f, half, () => pushMask(f, arg, 32, 0));
}

function pushNarrow(f: FunctionBody, arg: Operand): void {
  arg.push(0);
  if (arg.mask === 64) {
    arg.push(1);
    f.shuffle(EVEN_WORDS);
  } else {
    pushLanes(f, 32, [0n]);
    f.op("i32x4.ne");
  }
}

/** Pushes a half of a 32-bit mask as a 64-bit one. */
export function pushWidened(f: FunctionBody, half: number, mask: () => void): void {
  mask();
  f.op(half === 0 ? "i64x2.extend_low_i32x4_s" : "i64x2.extend_high_i32x4_s");
}

/** Pushes one lane of an operand as a scalar. */
export function pushLaneOf(f: FunctionBody, arg: Operand, lane: number): void {
  if (arg.scalar !== undefined) {
    f.get(arg.scalar);
    return;
  }
  const push = (half: number): void => pushHalf(f, arg, half);
  extractLane(f, arg.type, push, lane);
}
