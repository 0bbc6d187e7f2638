import { AssayError } from "../../../errors.js";
import { type FunctionOp, isFunctionOp, MICRO_OPS } from "../../../program/micro-ops.js";
import type { FunctionInstruction, ScalarFunction } from "../../../program/types.js";
import { type ConstantPool, FunctionBody, type Local } from "../function-body.js";
import { LANE_SHAPES, pushLanes, vectorLocals } from "./lanes.js";
import { type Operand, type VectorOp, vectorOperation, yieldsMask } from "./vector-ops.js";

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
    return this.names.map((op) => {
      const f = this.table[op];
      if (!f) throw new AssayError("backend/unavailable", `${op} has no program`);
      return vectorFunction(f, constants);
    });
  }
}

/** A scalar function on four elements; its code is emitted like any body's, all in vectors. */
export function vectorFunction(f: ScalarFunction, constants: ConstantPool): FunctionBody {
  const body = new FunctionBody(
    { params: f.parameters.map(() => "v128"), results: ["v128"] },
    constants,
  );
  const operands: Operand[] = [];
  for (const i of f.code) operands.push(functionOperand(body, i, operands));
  (operands[f.result] as Operand).push(0);
  return body;
}

function functionOperand(
  body: FunctionBody,
  i: FunctionInstruction,
  operands: readonly Operand[],
): Operand {
  if (i.kind === "constant") return constantOperand(body, i.value.type, i.value.bits);
  if (i.kind === "parameter") {
    return { type: "f32", mask: false, push: () => body.get(i.index) };
  }
  if (isFunctionOp(i.op)) {
    throw new AssayError("backend/unavailable", "a function's program calls a function");
  }
  const args = i.args.map((a) => operands[a] as Operand);
  const mask = yieldsMask(i.op, (at) => isTruth(args[at] as Operand));
  const type = MICRO_OPS[i.op].result;
  const into: Local[] = vectorLocals(body, type);
  vectorOperation(body, i.op as VectorOp, args, into, mask);
  return { type, mask, push: (h) => body.get(into[h] as Local) };
}

function isTruth(arg: Operand): boolean {
  return arg.mask || (arg.literal !== undefined && arg.literal <= 1n);
}

/** A constant in all lanes. */
function constantOperand(body: FunctionBody, type: Operand["type"], bits: bigint): Operand {
  const width = LANE_SHAPES[type].halves === 1 ? 32 : 64;
  return { type, mask: false, literal: bits, push: () => pushLanes(body, width, [bits]) };
}
