import { AssayError } from "../../../errors.js";
import { type FunctionOp, isFunctionOp, MICRO_OPS } from "../../../program/micro-ops.js";
import type { FunctionInstruction, Literal, ScalarFunction } from "../../../program/types.js";
import { type ConstantPool, FunctionBody, type Local } from "../function-body.js";
import { LANE_SHAPES, pushLanes, vectorLocals } from "./lanes.js";
import { maskOf, type Operand } from "./operand.js";
import { type VectorOp, vectorOperation } from "./vector-ops.js";

export type FunctionTable = Readonly<Partial<Record<FunctionOp, ScalarFunction>>>;

/** The function ops a module uses, each a WebAssembly function from f32x4 to f32x4. */
export class FunctionLibrary {
  private readonly names: FunctionOp[] = [];

  constructor(
    private readonly table: FunctionTable,
    /** Index of the first of them among the module's functions. */
    private readonly base: number,
  ) {}

  index(op: FunctionOp): number {
    let at = this.names.indexOf(op);
    if (at < 0) at = this.names.push(op) - 1;
    return this.base + at;
  }

  bodies(constants: ConstantPool): FunctionBody[] {
    return this.names.map((op) => vectorFunction(this.program(op), constants));
  }

  program(op: FunctionOp): ScalarFunction {
    const f = this.table[op];
    if (!f) throw new AssayError("backend/unavailable", `${op} has no program`);
    return f;
  }
}

/** A scalar function as a WebAssembly function on four elements. */
function vectorFunction(f: ScalarFunction, constants: ConstantPool): FunctionBody {
  const body = new FunctionBody(
    { params: f.parameters.map(() => "v128"), results: ["v128"] },
    constants,
  );
  const into = body.local("v128");
  const args = f.parameters.map((_, i) => () => body.get(i));
  inlineFunction(body, f, args, into);
  body.get(into);
  return body;
}

/** Pushes an argument, an f32x4. */
type PushArgument = () => void;

/** Computes a scalar function on four elements; its code is emitted like that of any body. */
export function inlineFunction(
  body: FunctionBody,
  f: ScalarFunction,
  args: readonly PushArgument[],
  into: Local,
): void {
  const operands: Operand[] = [];
  for (const i of f.code) operands.push(functionOperand(body, i, args, operands));
  (operands[f.result] as Operand).push(0);
  body.set(into);
}

function functionOperand(
  body: FunctionBody,
  i: FunctionInstruction,
  args: readonly PushArgument[],
  operands: readonly Operand[],
): Operand {
  const register = operands.length;
  if (i.kind === "constant") return constantOperand(body, register, i.value);
  if (i.kind === "parameter") {
    const push = args[i.index] as PushArgument;
    return { type: "f32", register, mask: undefined, push };
  }
  if (isFunctionOp(i.op)) {
    throw new AssayError("backend/unavailable", "a function's program calls a function");
  }
  const given = i.args.map((a) => operands[a] as Operand);
  const mask = maskOf(
    i.op,
    given.map((a) => ({ mask: a.mask, isTruth: isTruth(a) })),
  );
  const { result: type } = MICRO_OPS[i.op];
  const into = vectorLocals(body, mask === 64 ? "i64" : type);
  vectorOperation(body, i.op as VectorOp, given, into, mask);
  const less = i.op === "f32.lt" || i.op === "f64.lt" ? { less: i.args } : {};
  return { type, register, mask, push: (h) => body.get(into[h] as Local), ...less };
}

function isTruth(arg: Operand): boolean {
  return arg.mask !== undefined || (arg.literal !== undefined && arg.literal <= 1n);
}

/** A constant in all lanes. */
function constantOperand(body: FunctionBody, register: number, value: Literal): Operand {
  const { type, bits } = value;
  const width = LANE_SHAPES[type].halves === 1 ? 32 : 64;
  const push = (): void => pushLanes(body, width, [bits]);
  return { type, register, mask: undefined, literal: bits, push };
}
