import { stridesOf } from "../../dtype.js";
import { AssayError } from "../../errors.js";
import { literalValue } from "../../program/literal.js";
import { isFunctionOp, type MicroOp } from "../../program/micro-ops.js";
import type {
  Affine,
  Body,
  FunctionInstruction,
  Instruction,
  ReadInstruction,
  ScalarFunction,
} from "../../program/types.js";
import { SCALAR_FUNCTIONS } from "../../scalar/functions/index.js";
import { SEMANTICS } from "../../scalar/semantics.js";
import type { ElementReader } from "./storage.js";

export type Value = number | bigint;

/** Everything one step sees: coordinates, state words, registers. */
export interface Frame {
  readonly out: number[];
  readonly fold: number[];
  state: Value[];
}

/** Runs straight-line code on a frame and yields its results. */
export type Runner = (frame: Frame) => Value[];

type Action = (frame: Frame, registers: Value[]) => Value;

/** One closure per instruction; nothing is reordered, merged or left out. */
export function compileBody(body: Body, readers: readonly ElementReader[]): Runner {
  const actions = body.code.map((i) => compileInstruction(i, readers));
  const registers = new Array<Value>(actions.length).fill(0);
  const { results } = body;
  return (frame) => {
    for (let i = 0; i < actions.length; i++) {
      registers[i] = (actions[i] as Action)(frame, registers);
    }
    return results.map((r) => registers[r] as Value);
  };
}

function compileInstruction(i: Instruction, readers: readonly ElementReader[]): Action {
  switch (i.kind) {
    case "constant": {
      const value = literalValue(i.value);
      return () => value;
    }
    case "state":
      return (frame) => frame.state[i.index] as Value;
    case "coordinate": {
      const affine = compileAffine(i.value);
      return (frame) => BigInt(affine(frame));
    }
    case "read":
      return compileRead(i, readers[i.source] as ElementReader);
    case "operate":
      return compileOperation(i.op, i.args);
  }
}

/** Affine of the coordinates; exact because validation proved it below 2^48. */
export function compileAffine(affine: Affine): (frame: Frame) => number {
  const { constant } = affine;
  const out = nonZero(affine.out);
  const fold = nonZero(affine.fold);
  return (frame) => {
    let sum = constant;
    for (const [at, c] of out) sum += c * (frame.out[at] as number);
    for (const [at, c] of fold) sum += c * (frame.fold[at] as number);
    return sum;
  };
}

function nonZero(coefficients: readonly number[]): [number, number][] {
  return coefficients.map((c, at): [number, number] => [at, c]).filter(([, c]) => c !== 0);
}

function compileRead(read: ReadInstruction, reader: ElementReader): Action {
  const pad = literalValue(read.pad);
  const strides = stridesOf(read.view);
  const axes = read.index.map((x, axis) => ({
    affine: compileAffine(x),
    registers: x.registers.map((r) => ({ at: r.register, coefficient: BigInt(r.coefficient) })),
    extent: read.view[axis] as number,
    stride: strides[axis] as number,
  }));
  return (frame, registers) => {
    let flat = 0;
    for (const axis of axes) {
      let at = axis.affine(frame);
      if (axis.registers.length > 0) {
        // Index arithmetic with registers wraps modulo 2^64 like every integer operation.
        let sum = BigInt(at);
        for (const r of axis.registers) sum += r.coefficient * (registers[r.at] as bigint);
        at = Number(BigInt.asIntN(64, sum));
      }
      if (at < 0 || at >= axis.extent) return pad;
      flat += at * axis.stride;
    }
    return reader(flat);
  };
}

function compileOperation(op: MicroOp, args: readonly number[]): Action {
  const f = isFunctionOp(op) ? compileFunction(functionFor(op)) : SEMANTICS[op];
  const [a = 0, b = 0, c = 0] = args;
  switch (args.length) {
    case 1:
      return (_, r) => f(r[a] as Value, 0, 0);
    case 2:
      return (_, r) => f(r[a] as Value, r[b] as Value, 0);
    default:
      return (_, r) => f(r[a] as Value, r[b] as Value, r[c] as Value);
  }
}

function functionFor(op: keyof typeof SCALAR_FUNCTIONS): ScalarFunction {
  const f = SCALAR_FUNCTIONS[op];
  if (!f) throw new AssayError("program/invalid", `${op} has no program`);
  return f;
}

/** A scalar function as a JavaScript function that runs its straight-line program. */
export function compileFunction(f: ScalarFunction): (...args: Value[]) => Value {
  const registers = new Array<Value>(f.code.length).fill(0);
  const actions = f.code.map((i) => functionAction(i));
  return (...args) => {
    for (let i = 0; i < actions.length; i++) {
      registers[i] = (actions[i] as (p: Value[], r: Value[]) => Value)(args, registers);
    }
    return registers[f.result] as Value;
  };
}

function functionAction(i: FunctionInstruction): (args: Value[], registers: Value[]) => Value {
  switch (i.kind) {
    case "constant": {
      const value = literalValue(i.value);
      return () => value;
    }
    case "parameter":
      return (args) => args[i.index] as Value;
    case "operate": {
      const action = compileOperation(i.op, i.args);
      return (_, registers) => action(NO_FRAME, registers);
    }
  }
}

const NO_FRAME: Frame = { out: [], fold: [], state: [] };
