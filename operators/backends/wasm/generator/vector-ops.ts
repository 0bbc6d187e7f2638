import { type FunctionOp, MICRO_OPS, type MicroOp } from "../../../program/micro-ops.js";
import type { FunctionBody, Local } from "../function-body.js";
import type { Plain } from "../opcodes.js";
import { CONVERSIONS } from "./conversions.js";
import { assembleLane, LANE_SHAPES, pushLanes } from "./lanes.js";
import { type MaskWidth, type Operand, pushHalf, pushLaneOf, pushMask } from "./operand.js";
import { type ScalarOp, scalarOperation } from "./scalar-ops.js";
import { SHIFTS, shiftByLiteral, shiftByScalar } from "./shifts.js";

/** Micro-ops on four elements at once. */

export type VectorOp = Exclude<MicroOp, FunctionOp>;

/** Sets `into` to the result, as a lane mask where a width is given for one. */
export function vectorOperation(
  f: FunctionBody,
  op: VectorOp,
  args: readonly Operand[],
  into: readonly Local[],
  mask: MaskWidth | undefined,
): void {
  const [a, b, c] = args as [Operand, Operand, Operand];
  if (mask !== undefined) return maskOperation(f, op, a, b, into, mask);
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

function select(
  f: FunctionBody,
  condition: Operand,
  a: Operand,
  b: Operand,
  into: readonly Local[],
): void {
  const extreme = pseudoExtreme(condition, a, b);
  const width = LANE_SHAPES[a.type].halves === 1 ? 32 : 64;
  for (const [h, local] of into.entries()) {
    if (extreme) {
      pushHalf(f, b, h);
      pushHalf(f, a, h);
      f.op(extreme);
    } else {
      pushHalf(f, a, h);
      pushHalf(f, b, h);
      pushMask(f, condition, width, h);
      f.op("v128.bitselect");
    }
    f.set(local);
  }
}

/**
 * The instruction for `a < b ? a : b` or `b < a ? a : b` of floats: pmin(b, a) and pmax(b, a), one
 * machine instruction each, are defined as exactly that, NaN included.
 */
function pseudoExtreme(condition: Operand, a: Operand, b: Operand): Plain | undefined {
  const [left, right] = condition.less ?? [];
  if (left === undefined || (a.type !== "f32" && a.type !== "f64")) return undefined;
  const shape = a.type === "f32" ? "f32x4" : "f64x2";
  if (left === a.register && right === b.register) return `${shape}.pmin`;
  return left === b.register && right === a.register ? `${shape}.pmax` : undefined;
}

const BITWISE: Partial<Record<VectorOp, Plain>> = {
  "i32.and": "v128.and",
  "i32.or": "v128.or",
  "i32.xor": "v128.xor",
};

function maskOperation(
  f: FunctionBody,
  op: VectorOp,
  a: Operand,
  b: Operand,
  into: readonly Local[],
  width: MaskWidth,
): void {
  const bitwise = BITWISE[op];
  for (const [h, local] of into.entries()) {
    if (bitwise) {
      pushMask(f, a, width, h);
      pushMask(f, b, width, h);
      f.op(bitwise);
    } else pushComparison(f, op, a, b, h);
    f.set(local);
  }
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
  ...floatInstructions("f32", "f32x4"),
  ...floatInstructions("f64", "f64x2"),
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

/** Float arithmetic has the same names for scalars and for vectors. */
function floatInstructions<T extends "f32" | "f64", S extends "f32x4" | "f64x2">(
  type: T,
  shape: S,
): Partial<Record<VectorOp, Plain>> {
  const names = [
    ...(["add", "sub", "mul", "div", "min", "max", "sqrt", "abs", "neg"] as const),
    ...(["floor", "ceil", "trunc", "nearest"] as const),
  ];
  return Object.fromEntries(names.map((n) => [`${type}.${n}`, `${shape}.${n}`]));
}

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
