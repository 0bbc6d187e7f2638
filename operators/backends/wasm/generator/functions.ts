import { AssayError } from "../../../errors.js";
import { type FunctionOp, isFunctionOp, MICRO_OPS } from "../../../program/micro-ops.js";
import type { FunctionInstruction, Literal, ScalarFunction } from "../../../program/types.js";
import { type ConstantPool, FunctionBody } from "../function-body.js";
import { HIGH_TO_LOW, LANE_SHAPES, LOW_HALVES, pushLanes } from "./lanes.js";
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
    return this.names.map((op) => {
      const f = this.table[op];
      if (!f) throw new AssayError("backend/unavailable", `${op} has no program`);
      return vectorFunction(f, constants);
    });
  }
}

/**
 * A scalar function on four elements. Its code is f64 nearly throughout, and long: two elements at
 * a time fit the machine's 16 vector registers, four do not (erf: 4.1 against 5.8 ns per element),
 * so a loop takes the low pair of lanes, then the high.
 */
export function vectorFunction(f: ScalarFunction, constants: ConstantPool): FunctionBody {
  const body = new FunctionBody(
    { params: f.parameters.map(() => "v128"), results: ["v128"] },
    constants,
  );
  const before = body.local("v128");
  const both = body.local("v128");
  const isSecond = body.local("i32");
  body.loop((again) => {
    const operands: Operand[] = [];
    for (const i of f.code) operands.push(functionOperand(body, i, operands));
    const pair = body.local("v128");
    (operands[f.result] as Operand).push(0);
    body.set(pair);
    body.get(before).get(pair).shuffle(LOW_HALVES).set(both);
    body.get(pair).set(before);
    for (const p of f.parameters.keys()) body.get(p).get(p).shuffle(HIGH_TO_LOW).set(p);
    body.get(isSecond).i32(1).op("i32.xor").tee(isSecond).brIf(again);
  });
  body.get(both);
  return body;
}

/** An operand of which only the low two lanes count; its halves are one and the same. */
function functionOperand(
  body: FunctionBody,
  i: FunctionInstruction,
  operands: readonly Operand[],
): Operand {
  const register = operands.length;
  if (i.kind === "constant") return constantOperand(body, register, i.value);
  if (i.kind === "parameter") {
    return { type: "f32", register, mask: undefined, push: () => body.get(i.index) };
  }
  if (isFunctionOp(i.op)) {
    throw new AssayError("backend/unavailable", "a function's program calls a function");
  }
  const args = i.args.map((a) => operands[a] as Operand);
  const mask = maskOf(
    i.op,
    args.map((a) => ({ mask: a.mask, isTruth: isTruth(a) })),
  );
  const into = body.local("v128");
  vectorOperation(body, i.op as VectorOp, args, [into], mask);
  const { result: type } = MICRO_OPS[i.op];
  const less = i.op === "f32.lt" || i.op === "f64.lt" ? { less: i.args } : {};
  return { type, register, mask, push: () => body.get(into), ...less };
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
