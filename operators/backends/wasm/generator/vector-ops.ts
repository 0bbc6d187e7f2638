import type { RegisterType } from "../../../dtype.js";
import { type FunctionOp, MICRO_OPS, type MicroOp } from "../../../program/micro-ops.js";
import type { FunctionBody, Local } from "../function-body.js";
import type { Plain } from "../opcodes.js";
import {
  assembleLane,
  EVEN_WORDS,
  extractLane,
  HIGH_TO_LOW,
  LANE_SHAPES,
  LOW_HALVES,
  pushCanonical,
  pushLanes,
} from "./lanes.js";
import { type ScalarOp, scalarOperation } from "./scalar-ops.js";

/** Micro-ops on four elements at once. */

/** An operand of vector code. */
export interface Operand {
  readonly type: RegisterType;
  /** Pushes one of its vectors. */
  readonly push: (half: number) => void;
  /** The vector is a lane mask that stands for 1 or 0. */
  readonly mask: boolean;
  /** The same value as a scalar, where all lanes have it. */
  readonly scalar?: Local;
  /** Its bits, where it is a constant. */
  readonly literal?: bigint;
  /** The comparison `left < right` of floats that it is the mask of. */
  readonly less?: { readonly left: number; readonly right: number };
}

export type VectorOp = Exclude<MicroOp, FunctionOp>;

/** Sets `into` to the result; `asMask` asks for a lane mask instead of 0 and 1. */
export function vectorOperation(
  f: FunctionBody,
  op: VectorOp,
  args: readonly Operand[],
  into: readonly Local[],
  asMask: boolean,
): void {
  const [a, b, c] = args as [Operand, Operand, Operand];
  if (asMask) {
    pushMaskResult(f, op, a, b);
    f.set(into[0] as Local);
    return;
  }
  if (op.endsWith(".select")) return select(f, a, b, c, into);
  const native = NATIVE[op];
  if (native) {
    for (const [h, local] of into.entries()) {
      for (const arg of args) pushHalf(f, arg, h);
      f.op(native).set(local);
    }
    return;
  }
  const shift = SHIFTS[op];
  if (shift && b.literal !== undefined) return shiftByLiteral(f, shift, a, b.literal, into);
  if (shift && b.scalar !== undefined) return shiftByScalar(f, shift, a, b.scalar, into);
  const convert = CONVERSIONS[op];
  if (convert) return convert(f, a, into);
  perLane(f, op, args, into);
}

const COMPARE = /\.(eq|lt|le|lt_s|lt_u)$/;

/** Whether vector code yields a lane mask: comparisons, and bit operations on truth values only. */
export function yieldsMask(op: MicroOp, argIsTruth: (arg: number) => boolean): boolean {
  return COMPARE.test(op) || (op in BITWISE && argIsTruth(0) && argIsTruth(1));
}

/** Whether `op` yields 1 or 0, whatever its form. */
export function yieldsTruth(op: MicroOp): boolean {
  return COMPARE.test(op);
}

/** Pushes a half as the micro-ops see it: truth values are 0 and 1. */
export function pushHalf(f: FunctionBody, arg: Operand, half: number): void {
  arg.push(half);
  if (!arg.mask) return;
  pushLanes(f, 32, [1n]);
  f.op("v128.and");
}

/** Pushes an i32 operand as a lane mask: all ones where it is not 0. */
export function pushMask(f: FunctionBody, arg: Operand): void {
  if (arg.literal !== undefined) pushLanes(f, 32, [arg.literal === 0n ? 0n : -1n]);
  else {
    arg.push(0);
    if (arg.mask) return;
    pushLanes(f, 32, [0n]);
    f.op("i32x4.ne");
  }
}

/** Pushes a 32-bit lane mask as one for the halves of a 64-bit type. */
export function pushMaskHalf(
  f: FunctionBody,
  type: RegisterType,
  half: number,
  mask: () => void,
): void {
  mask();
  if (LANE_SHAPES[type].halves === 1) return;
  f.op(half === 0 ? "i64x2.extend_low_i32x4_s" : "i64x2.extend_high_i32x4_s");
}

function select(
  f: FunctionBody,
  condition: Operand,
  a: Operand,
  b: Operand,
  into: readonly Local[],
): void {
  for (const [h, local] of into.entries()) {
    pushHalf(f, a, h);
    pushHalf(f, b, h);
    pushMaskHalf(f, a.type, h, () => pushMask(f, condition));
    f.op("v128.bitselect").set(local);
  }
}

const BITWISE: Partial<Record<VectorOp, Plain>> = {
  "i32.and": "v128.and",
  "i32.or": "v128.or",
  "i32.xor": "v128.xor",
};

function pushMaskResult(f: FunctionBody, op: VectorOp, a: Operand, b: Operand): void {
  const bitwise = BITWISE[op];
  if (bitwise) {
    pushMask(f, a);
    pushMask(f, b);
    f.op(bitwise);
    return;
  }
  pushComparison(f, op, a, b, 0);
  if (LANE_SHAPES[a.type].halves === 1) return;
  pushComparison(f, op, a, b, 1);
  f.shuffle(EVEN_WORDS);
}

const COMPARISONS: Partial<Record<VectorOp, Plain>> = {
  "f32.eq": "f32x4.eq",
  "f32.lt": "f32x4.lt",
  "f32.le": "f32x4.le",
  "f64.eq": "f64x2.eq",
  "f64.lt": "f64x2.lt",
  "f64.le": "f64x2.le",
  "i32.eq": "i32x4.eq",
  "i32.lt_s": "i32x4.lt_s",
  "i32.lt_u": "i32x4.lt_u",
  "i64.eq": "i64x2.eq",
  "i64.lt_s": "i64x2.lt_s",
  // With both sign bits flipped; there is no unsigned comparison of 64-bit lanes.
  "i64.lt_u": "i64x2.lt_s",
};

function pushComparison(f: FunctionBody, op: VectorOp, a: Operand, b: Operand, h: number): void {
  for (const arg of [a, b]) {
    pushHalf(f, arg, h);
    if (op !== "i64.lt_u") continue;
    pushLanes(f, 64, [1n << 63n]);
    f.op("v128.xor");
  }
  f.op(COMPARISONS[op] as Plain);
}

/** One instruction per half. */
const NATIVE: Partial<Record<VectorOp, Plain>> = {
  "f32.add": "f32x4.add",
  "f32.sub": "f32x4.sub",
  "f32.mul": "f32x4.mul",
  "f32.div": "f32x4.div",
  "f32.min": "f32x4.min",
  "f32.max": "f32x4.max",
  "f32.sqrt": "f32x4.sqrt",
  "f32.abs": "f32x4.abs",
  "f32.neg": "f32x4.neg",
  "f32.floor": "f32x4.floor",
  "f32.ceil": "f32x4.ceil",
  "f32.trunc": "f32x4.trunc",
  "f32.nearest": "f32x4.nearest",
  "f64.add": "f64x2.add",
  "f64.sub": "f64x2.sub",
  "f64.mul": "f64x2.mul",
  "f64.div": "f64x2.div",
  "f64.min": "f64x2.min",
  "f64.max": "f64x2.max",
  "f64.sqrt": "f64x2.sqrt",
  "f64.abs": "f64x2.abs",
  "f64.neg": "f64x2.neg",
  "f64.floor": "f64x2.floor",
  "f64.ceil": "f64x2.ceil",
  "f64.trunc": "f64x2.trunc",
  "f64.nearest": "f64x2.nearest",
  "i32.add": "i32x4.add",
  "i32.sub": "i32x4.sub",
  "i32.mul": "i32x4.mul",
  ...BITWISE,
  "i64.add": "i64x2.add",
  "i64.sub": "i64x2.sub",
  "i64.mul": "i64x2.mul",
  "i64.and": "v128.and",
  "i64.or": "v128.or",
  "i64.xor": "v128.xor",
  "f32.convert_i32_s": "f32x4.convert_i32x4_s",
  "i32.trunc_sat_f32_s": "i32x4.trunc_sat_f32x4_s",
};

interface Shift {
  readonly type: "i32" | "i64";
  readonly op: Plain;
  readonly isSigned: boolean;
}

const SHIFTS: Partial<Record<VectorOp, Shift>> = {
  "i32.shl": { type: "i32", op: "i32x4.shl", isSigned: false },
  "i32.shr_s": { type: "i32", op: "i32x4.shr_s", isSigned: true },
  "i32.shr_u": { type: "i32", op: "i32x4.shr_u", isSigned: false },
  "i64.shl": { type: "i64", op: "i64x2.shl", isSigned: false },
  "i64.shr_s": { type: "i64", op: "i64x2.shr_s", isSigned: true },
  "i64.shr_u": { type: "i64", op: "i64x2.shr_u", isSigned: false },
};

function shiftByLiteral(
  f: FunctionBody,
  shift: Shift,
  value: Operand,
  amount: bigint,
  into: readonly Local[],
): void {
  const last = shift.type === "i32" ? 31n : 63n;
  for (const [h, local] of into.entries()) {
    if (amount > last && !shift.isSigned) pushLanes(f, 32, [0n]);
    else {
      pushHalf(f, value, h);
      f.i32(amount > last ? last : amount).op(shift.op);
    }
    f.set(local);
  }
}

/** Shifts by one scalar amount; WebAssembly takes it modulo the width, the contract does not. */
function shiftByScalar(
  f: FunctionBody,
  shift: Shift,
  value: Operand,
  amount: Local,
  into: readonly Local[],
): void {
  const { type } = shift;
  const width = type === "i32" ? 32 : 64;
  const pushWidth = (n: number): void => {
    if (type === "i32") f.i32(n);
    else f.i64(n);
  };
  const pushFits = (): void => {
    f.get(amount);
    pushWidth(width);
    f.op(`${type}.lt_u`);
  };
  for (const [h, local] of into.entries()) {
    pushHalf(f, value, h);
    f.get(amount);
    if (shift.isSigned) {
      pushWidth(width - 1);
      pushFits();
      f.op("select");
    }
    if (type === "i64") f.op("i32.wrap_i64");
    f.op(shift.op);
    if (!shift.isSigned) {
      pushLanes(f, 32, [0n]);
      pushFits();
      f.op("select");
    }
    f.set(local);
  }
}

type Conversion = (f: FunctionBody, a: Operand, into: readonly Local[]) => void;

/** Widens the low two lanes of one vector, then the high two. */
function widening(op: Plain): Conversion {
  return (f, a, into) => {
    pushHalf(f, a, 0);
    f.op(op).set(into[0] as Local);
    pushHalf(f, a, 0);
    pushHalf(f, a, 0);
    f.shuffle(HIGH_TO_LOW)
      .op(op)
      .set(into[1] as Local);
  };
}

/** Two vectors of which each yields two lanes. */
function narrowing(op: Plain): Conversion {
  return (f, a, into) => {
    pushHalf(f, a, 0);
    f.op(op);
    pushHalf(f, a, 1);
    f.op(op)
      .shuffle(LOW_HALVES)
      .set(into[0] as Local);
  };
}

function extending(low: Plain, high: Plain): Conversion {
  return (f, a, into) => {
    pushHalf(f, a, 0);
    f.op(low).set(into[0] as Local);
    pushHalf(f, a, 0);
    f.op(high).set(into[1] as Local);
  };
}

const sameBits: Conversion = (f, a, into) => {
  for (const [h, local] of into.entries()) {
    pushHalf(f, a, h);
    f.set(local);
  }
};

const canonicalBits: Conversion = (f, a, into) => {
  for (const [h, local] of into.entries()) {
    pushCanonical(f, a.type as "f32" | "f64", () => a.push(h));
    f.set(local);
  }
};

const CONVERSIONS: Partial<Record<VectorOp, Conversion>> = {
  "f64.promote_f32": widening("f64x2.promote_low_f32x4"),
  "f64.convert_i32_s": widening("f64x2.convert_low_i32x4_s"),
  "f32.demote_f64": narrowing("f32x4.demote_f64x2_zero"),
  "i32.trunc_sat_f64_s": narrowing("i32x4.trunc_sat_f64x2_s_zero"),
  "i64.extend_i32_s": extending("i64x2.extend_low_i32x4_s", "i64x2.extend_high_i32x4_s"),
  "i64.extend_i32_u": extending("i64x2.extend_low_i32x4_u", "i64x2.extend_high_i32x4_u"),
  "i32.wrap_i64": (f, a, into) => {
    pushHalf(f, a, 0);
    pushHalf(f, a, 1);
    f.shuffle(EVEN_WORDS).set(into[0] as Local);
  },
  "f32.reinterpret_i32": sameBits,
  "f64.reinterpret_i64": sameBits,
  "i32.reinterpret_f32": canonicalBits,
  "i64.reinterpret_f64": canonicalBits,
};

/** No vector instruction: integer division, 64-bit conversions, shifts by differing amounts. */
function perLane(
  f: FunctionBody,
  op: ScalarOp,
  args: readonly Operand[],
  into: readonly Local[],
): void {
  const varying = args.filter((a) => a.scalar === undefined);
  f.scratch(
    varying.map((a) => a.type),
    (...scratch) => {
      for (let lane = 0; lane < 4; lane++) {
        const scalars = args.map((a) => {
          if (a.scalar !== undefined) return a.scalar;
          const local = scratch[varying.indexOf(a)] as Local;
          pushLaneOf(f, a, lane);
          f.set(local);
          return local;
        });
        const { result } = MICRO_OPS[op];
        assembleLane(f, result, into, lane, () => scalarOperation(f, op, scalars));
      }
    },
  );
}

/** Pushes one lane of an operand as a scalar; truth values as 0 or 1. */
export function pushLaneOf(f: FunctionBody, arg: Operand, lane: number): void {
  if (arg.scalar !== undefined) {
    f.get(arg.scalar);
    return;
  }
  extractLane(f, arg.type, arg.push, lane);
  if (arg.mask) f.i32(1).op("i32.and");
}
