import { type FunctionOp, isFunctionOp } from "../../../program/micro-ops.js";
import type { Local } from "../function-body.js";
import type { Assumption, Emission } from "./emission.js";
import { inlineFunction } from "./functions.js";
import type { KernelInstruction, Linear } from "./kernel.js";
import { LANE_SHAPES, pushLanes, pushScalar } from "./lanes.js";
import { pushHalf } from "./operand.js";
import { emitRead } from "./reads.js";
import type { Registers } from "./registers.js";
import { type ScalarOp, scalarOperation } from "./scalar-ops.js";
import { type VectorOp, vectorOperation } from "./vector-ops.js";

/** Emits the live instructions of a body that belong to one level of the loop nest. */
export function emitLevel(
  e: Emission,
  registers: Registers,
  level: number,
  assumption: Assumption,
): void {
  for (const [r, i] of registers.body.code.entries()) {
    const info = registers.info(r);
    if (info.live && info.level === level) emitInstruction(e, registers, r, i, assumption);
  }
}

function emitInstruction(
  e: Emission,
  registers: Registers,
  register: number,
  i: KernelInstruction,
  assumption: Assumption,
): void {
  switch (i.kind) {
    case "state":
      return;
    case "constant":
      // Its vector form is pushed where it is used.
      pushScalar(e.f, i.value.type, i.value.bits);
      e.f.set(registers.scalar(register));
      return;
    case "coordinate":
      return emitCoordinate(e, registers, register, i.value);
    case "read":
      return emitRead(e, registers, register, i, assumption);
    case "operate":
      if (isFunctionOp(i.op)) return emitCall(e, registers, register, i.op, i.args);
      return emitOperation(e, registers, register, i.op, i.args);
  }
}

function emitOperation(
  e: Emission,
  registers: Registers,
  register: number,
  op: ScalarOp & VectorOp,
  args: readonly number[],
): void {
  const info = registers.info(register);
  if (!info.varying) {
    const scalars = args.map((a) => registers.scalar(a));
    scalarOperation(e.f, op, scalars);
    e.f.set(registers.scalar(register));
    registers.spread(register);
    return;
  }
  for (const u of e.chunks) {
    const operands = args.map((a) => registers.operand(a, u));
    vectorOperation(e.f, op, operands, registers.vector(register, u), info.mask);
  }
}

/** A function op is computed in vectors even where all lanes agree. */
function emitCall(
  e: Emission,
  registers: Registers,
  register: number,
  op: FunctionOp,
  args: readonly number[],
): void {
  const { f } = e;
  const { varying } = registers.info(register);
  if (varying && e.schedule.chunks === 1) return emitInlined(e, registers, register, op, args);
  const index = e.functions.index(op);
  for (const u of varying ? e.chunks : [0]) {
    for (const a of args) pushHalf(f, registers.operand(a, u), 0);
    const into = registers.vector(register, u)[0] as Local;
    f.call(index).set(into);
    if (!varying) f.get(into).lane("f32x4.extract_lane", 0).set(registers.scalar(register));
  }
}

/**
 * With one chunk, the code stands in the loop and its constants outside (exp: 3.0 against 4.1 ns
 * per element when called, AMD Zen 5).
 */
function emitInlined(
  e: Emission,
  registers: Registers,
  register: number,
  op: FunctionOp,
  args: readonly number[],
): void {
  const { f } = e;
  const into = registers.vector(register, 0)[0] as Local;
  const pushes = args.map((a) => () => pushHalf(f, registers.operand(a, 0), 0));
  inlineFunction(f, e.functions.program(op), pushes, into);
}

/** A coordinate as i64: the scalar at lane 0, plus each lane's distance from it. */
function emitCoordinate(e: Emission, registers: Registers, register: number, value: Linear): void {
  const { f, induction } = e;
  const variable = e.coordinate(value);
  if (!registers.info(register).varying) {
    induction.push(variable);
    f.set(registers.scalar(register));
    registers.spread(register);
    return;
  }
  for (const u of e.chunks) {
    for (const [half, local] of registers.vector(register, u).entries()) {
      const first = BigInt(u) * variable.chunk + BigInt(2 * half) * variable.lane;
      induction.push(variable);
      f.op(LANE_SHAPES.i64.splat);
      pushLanes(f, 64, [first, first + variable.lane]);
      f.op("i64x2.add").set(local);
    }
  }
}
