import type { FunctionBody, Local } from "../function-body.js";
import type { Plain } from "../opcodes.js";
import { pushLanes } from "./lanes.js";
import { type Operand, pushHalf } from "./operand.js";

/** Shifts of all lanes by one amount. WebAssembly takes it modulo the width, the contract does not. */

export interface Shift {
  readonly type: "i32" | "i64";
  readonly op: Plain;
  /** Arithmetic right: too large an amount leaves the sign in every bit, else 0. */
  readonly isSigned: boolean;
}

export const SHIFTS: Readonly<Record<string, Shift>> = {
  "i32.shl": { type: "i32", op: "i32x4.shl", isSigned: false },
  "i32.shr_s": { type: "i32", op: "i32x4.shr_s", isSigned: true },
  "i32.shr_u": { type: "i32", op: "i32x4.shr_u", isSigned: false },
  "i64.shl": { type: "i64", op: "i64x2.shl", isSigned: false },
  "i64.shr_s": { type: "i64", op: "i64x2.shr_s", isSigned: true },
  "i64.shr_u": { type: "i64", op: "i64x2.shr_u", isSigned: false },
};

export function shiftByLiteral(
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

export function shiftByScalar(
  f: FunctionBody,
  shift: Shift,
  value: Operand,
  amount: Local,
  into: readonly Local[],
): void {
  const { type } = shift;
  const width = type === "i32" ? 32 : 64;
  const pushNumber = (n: number): void => {
    if (type === "i32") f.i32(n);
    else f.i64(n);
  };
  const pushFits = (): void => {
    f.get(amount);
    pushNumber(width);
    f.op(`${type}.lt_u`);
  };
  for (const [h, local] of into.entries()) {
    pushHalf(f, value, h);
    f.get(amount);
    if (shift.isSigned) {
      pushNumber(width - 1);
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
