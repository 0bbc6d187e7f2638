import { AssayError } from "../../../errors.js";
import { type FunctionOp, MICRO_OPS, type MicroOp } from "../../../program/micro-ops.js";
import type { FunctionBody, Local } from "../function-body.js";
import { PLAIN, type Plain } from "../opcodes.js";

/** Micro-ops on scalars: values that are the same in all lanes, and lanes one at a time. */

export type ScalarOp = Exclude<MicroOp, FunctionOp>;

/** Pushes the result of `op` on scalars in `args`. */
export function scalarOperation(f: FunctionBody, op: ScalarOp, args: readonly Local[]): void {
  const [a, b, c] = args as [Local, Local, Local];
  const type = MICRO_OPS[op].args[0];
  if (op.endsWith(".select")) {
    f.get(b).get(c).get(a).op("select");
  } else if (op === "i32.div_s" || op === "i64.div_s") {
    signedDivision(f, type as IntegerType, a, b);
  } else if (op === "i32.div_u" || op === "i64.div_u") {
    unsignedDivision(f, type as IntegerType, a, b);
  } else if (/\.rem_[su]$/.test(op)) {
    // A divisor of 0 is replaced by 1, which leaves the remainder 0 that the contract asks for.
    f.get(a);
    pushNonZero(f, type as IntegerType, b);
    f.op(op as Plain);
  } else if (/^i..\.(shl|shr_u)$/.test(op)) {
    const integer = type as IntegerType;
    f.get(a)
      .get(b)
      .op(op as Plain);
    pushInteger(f, integer, 0);
    pushBelowWidth(f, integer, b);
    f.op("select");
  } else if (op === "i32.shr_s" || op === "i64.shr_s") {
    const integer = type as IntegerType;
    f.get(a).get(b);
    pushInteger(f, integer, widthOf(integer) - 1);
    pushBelowWidth(f, integer, b);
    f.op("select").op(op);
  } else if (op === "i32.reinterpret_f32" || op === "i64.reinterpret_f64") {
    canonicalBits(f, op, a);
  } else {
    for (const local of args) f.get(local);
    f.op(op in PLAIN ? (op as Plain) : unreachable(op));
  }
}

type IntegerType = "i32" | "i64";

const widthOf = (type: IntegerType): number => (type === "i32" ? 32 : 64);

function pushInteger(f: FunctionBody, type: IntegerType, value: number): void {
  if (type === "i32") f.i32(value);
  else f.i64(value);
}

function pushBelowWidth(f: FunctionBody, type: IntegerType, amount: Local): void {
  f.get(amount);
  pushInteger(f, type, widthOf(type));
  f.op(`${type}.lt_u`);
}

/** `divisor`, or 1 where it is 0. */
function pushNonZero(f: FunctionBody, type: IntegerType, divisor: Local): void {
  pushInteger(f, type, 1);
  f.get(divisor).get(divisor).op(`${type}.eqz`).op("select");
}

function unsignedDivision(f: FunctionBody, type: IntegerType, a: Local, b: Local): void {
  pushInteger(f, type, 0);
  f.get(a);
  pushNonZero(f, type, b);
  f.op(`${type}.div_u`).get(b).op(`${type}.eqz`).op("select");
}

/** a ÷ b without a trap: by 0 it is 0, by −1 it is 0 − a, which wraps. */
function signedDivision(f: FunctionBody, type: IntegerType, a: Local, b: Local): void {
  pushInteger(f, type, 0);
  pushInteger(f, type, 0);
  f.get(a).op(`${type}.sub`);
  f.get(a);
  pushInteger(f, type, 1);
  f.get(b);
  // b + 1 < 2 unsigned: b is 0 or −1.
  f.get(b);
  pushInteger(f, type, 1);
  f.op(`${type}.add`);
  pushInteger(f, type, 2);
  f.op(`${type}.lt_u`).op("select").op(`${type}.div_s`);
  f.get(b);
  pushInteger(f, type, -1);
  f.op(`${type}.eq`).op("select");
  f.get(b).op(`${type}.eqz`).op("select");
}

/** Bits with every NaN made canonical, so that no payload can be observed. */
function canonicalBits(
  f: FunctionBody,
  op: "i32.reinterpret_f32" | "i64.reinterpret_f64",
  a: Local,
): void {
  const isSingle = op === "i32.reinterpret_f32";
  f.get(a).op(op);
  if (isSingle) f.i32(0x7fc00000);
  else f.i64(0x7ff8000000000000n);
  f.get(a).get(a);
  f.op(isSingle ? "f32.eq" : "f64.eq").op("select");
}

function unreachable(op: never | string): never {
  throw new AssayError("backend/unavailable", `no WebAssembly for ${op}`);
}
