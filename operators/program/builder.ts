import { DTYPES, type DType, elementCount, type RegisterType } from "../dtype.js";
import { AssayError } from "../errors.js";
import { literal, zero } from "./literal.js";
import { type FunctionOp, MICRO_OPS, type MicroOp } from "./micro-ops.js";
import type {
  Affine,
  Body,
  ElementProgram,
  FunctionInstruction,
  IndexExpression,
  Instruction,
  Literal,
  ScalarFunction,
} from "./types.js";
import { validateProgram } from "./validate.js";

/** A register under construction: its number and type. */
export interface Register {
  readonly register: number;
  readonly type: RegisterType;
}

/** One summand of an index: an output coordinate, a fold coordinate, a register or a number. */
export type Term =
  | { readonly axis: "out" | "fold"; readonly at: number; readonly coefficient: number }
  | { readonly register: number; readonly coefficient: number }
  | number;

/** `coefficient · o[at]`. */
export const o = (at: number, coefficient = 1): Term => ({ axis: "out", at, coefficient });
/** `coefficient · k[at]`. */
export const k = (at: number, coefficient = 1): Term => ({ axis: "fold", at, coefficient });
/** `coefficient · register`, an i64 register. */
export const times = (r: Register, coefficient = 1): Term => ({
  register: r.register,
  coefficient,
});

/** A tensor as programs read it: which source it is, its dtype, and the dims it is seen with. */
export interface View {
  readonly source: number;
  readonly dtype: DType;
  readonly dims: readonly number[];
}

/** A sum of terms; a single term stands for itself. */
export type Index = Term | readonly Term[];

function termsOf(index: Index): readonly Term[] {
  return Array.isArray(index) ? (index as readonly Term[]) : [index as Term];
}

type Arithmetic = "add" | "sub" | "mul" | "div" | "min" | "max";

/** Arithmetic shared by bodies and scalar functions; the op is chosen by the operands' type. */
abstract class CodeBuilder {
  protected abstract emit(op: MicroOp, args: readonly number[]): number;
  abstract constant(value: Literal): Register;

  /** Any micro-op by its full name; operand types are checked here, at the place of the mistake. */
  op(name: MicroOp, ...args: readonly Register[]): Register {
    const info = MICRO_OPS[name];
    const got = args.map((a) => a.type).join(",");
    if (info.args.join(",") !== got) {
      throw new AssayError("program/invalid", `${name} takes (${info.args}), got (${got})`);
    }
    return {
      register: this.emit(
        name,
        args.map((a) => a.register),
      ),
      type: info.result,
    };
  }

  private arith(name: Arithmetic, a: Register, b: Register): Register {
    const integerDiv = name === "div" && (a.type === "i32" || a.type === "i64");
    return this.op(`${a.type}.${integerDiv ? "div_s" : name}` as MicroOp, a, b);
  }

  add(a: Register, b: Register): Register {
    return this.arith("add", a, b);
  }
  sub(a: Register, b: Register): Register {
    return this.arith("sub", a, b);
  }
  mul(a: Register, b: Register): Register {
    return this.arith("mul", a, b);
  }
  /** Float division, or signed integer division (÷ 0 = 0). */
  div(a: Register, b: Register): Register {
    return this.arith("div", a, b);
  }
  /** Floats: NaN wins and +0 > −0. Integers: signed. */
  max(a: Register, b: Register): Register {
    return isFloatType(a.type) ? this.arith("max", a, b) : this.select(this.lt(a, b), b, a);
  }
  min(a: Register, b: Register): Register {
    return isFloatType(a.type) ? this.arith("min", a, b) : this.select(this.lt(a, b), a, b);
  }
  eq(a: Register, b: Register): Register {
    return this.op(`${a.type}.eq` as MicroOp, a, b);
  }
  /** Float less-than, or signed integer less-than. */
  lt(a: Register, b: Register): Register {
    return this.op(`${a.type}.${isFloatType(a.type) ? "lt" : "lt_s"}` as MicroOp, a, b);
  }
  /** Float a ≤ b (false on NaN); integers: ¬(b < a). */
  le(a: Register, b: Register): Register {
    return isFloatType(a.type) ? this.op(`${a.type}.le` as MicroOp, a, b) : this.not(this.lt(b, a));
  }
  select(condition: Register, a: Register, b: Register): Register {
    return this.op(`${a.type}.select` as MicroOp, condition, a, b);
  }
  /** Bools only. */
  not(a: Register): Register {
    return this.op("i32.xor", a, this.i32(1));
  }
  and(a: Register, b: Register): Register {
    return this.op(`${a.type}.and` as MicroOp, a, b);
  }
  or(a: Register, b: Register): Register {
    return this.op(`${a.type}.or` as MicroOp, a, b);
  }
  /** The f32 nearest to `value`. */
  f32(value: number): Register {
    return this.constant(literal("f32", value));
  }
  f64(value: number): Register {
    return this.constant(literal("f64", value));
  }
  i32(value: number): Register {
    return this.constant(literal("i32", value));
  }
  i64(value: number | bigint): Register {
    return this.constant(literal("i64", value));
  }
  /** `value` as a constant of `type`. */
  of(type: RegisterType, value: number): Register {
    return this.constant(literal(type, value));
  }
}

function isFloatType(type: RegisterType): boolean {
  return type === "f32" || type === "f64";
}

/** Builds a `step` or a `finish`. Equal constants, states and coordinates are emitted once. */
export class BodyBuilder extends CodeBuilder {
  private readonly code: Instruction[] = [];
  private readonly known = new Map<string, Register>();

  constructor(
    private readonly ranks: { readonly out: number; readonly fold: number },
    private readonly states: readonly Literal[],
  ) {
    super();
  }

  private push(instruction: Instruction): number {
    this.code.push(instruction);
    return this.code.length - 1;
  }

  private once(key: string, type: RegisterType, instruction: Instruction): Register {
    let found = this.known.get(key);
    if (!found) {
      found = { register: this.push(instruction), type };
      this.known.set(key, found);
    }
    return found;
  }

  protected emit(op: MicroOp, args: readonly number[]): number {
    return this.push({ kind: "operate", op, args });
  }

  constant(value: Literal): Register {
    return this.once(`c${value.type}:${value.bits}`, value.type, { kind: "constant", value });
  }

  state(index: number): Register {
    const init = this.states[index];
    if (!init) throw new AssayError("program/invalid", `there is no state word ${index}`);
    return this.once(`s${index}`, init.type, { kind: "state", index });
  }

  /** An affine coordinate as an i64 register. */
  coordinate(index: Index): Register {
    const { registers, ...value } = this.expression(index);
    if (registers.length > 0) {
      throw new AssayError("program/invalid", "a coordinate takes no register");
    }
    const key = `a${value.constant}|${value.out}|${value.fold}`;
    return this.once(key, "i64", { kind: "coordinate", value });
  }

  /** One element of `view`; outside its dims `pad` (default zero; a number or exact bits). */
  read(view: View, index: readonly Index[], pad: number | Literal = 0): Register {
    const type = DTYPES[view.dtype].register;
    const value = typeof pad === "number" ? (pad === 0 ? zero(type) : literal(type, pad)) : pad;
    const register = this.push({
      kind: "read",
      source: view.source,
      view: [...view.dims],
      index: index.map((i) => this.expression(i)),
      pad: value,
    });
    return { register, type };
  }

  private expression(index: Index): IndexExpression {
    const out = new Array<number>(this.ranks.out).fill(0);
    const fold = new Array<number>(this.ranks.fold).fill(0);
    const registers: { register: number; coefficient: number }[] = [];
    let constant = 0;
    for (const term of termsOf(index)) {
      if (typeof term === "number") constant += term;
      else if ("register" in term) registers.push({ ...term });
      else {
        const row = term.axis === "out" ? out : fold;
        if (term.at >= row.length) {
          throw new AssayError("program/invalid", `there is no ${term.axis} coordinate ${term.at}`);
        }
        row[term.at] = (row[term.at] ?? 0) + term.coefficient;
      }
    }
    return { constant, out, fold, registers };
  }

  finishBody(results: readonly Register[]): Body {
    return { code: this.code, results: results.map((r) => r.register) };
  }
}

export interface ProgramSpec {
  /** Dtype and dims (or element count) of each source, by position. */
  readonly sources: readonly { readonly dtype: DType; readonly dims: readonly number[] }[];
  readonly dtype: DType;
  readonly out: readonly number[];
  readonly fold?: readonly number[];
  /** Conditions `affine ≥ 0`; terms over `o` and `k`. */
  readonly when?: readonly Index[];
  readonly init?: readonly Literal[];
  readonly step?: (body: BodyBuilder) => readonly Register[];
  readonly finish: (body: BodyBuilder) => Register;
}

/** Builds and validates an element program. */
export function buildProgram(spec: ProgramSpec): ElementProgram {
  const fold = spec.fold ?? [];
  const init = spec.init ?? [];
  const ranks = { out: spec.out.length, fold: fold.length };
  const affines = new BodyBuilder(ranks, []);
  const step = new BodyBuilder(ranks, init);
  const finish = new BodyBuilder({ out: ranks.out, fold: 0 }, init);
  const stepResults = spec.step ? spec.step(step) : [];
  const program: ElementProgram = {
    sources: spec.sources.map((s) => ({ dtype: s.dtype, length: elementCount(s.dims) })),
    dtype: spec.dtype,
    out: [...spec.out],
    fold: [...fold],
    when: (spec.when ?? []).map((w) => affineOf(affines, w)),
    init,
    step: step.finishBody(stepResults),
    finish: finish.finishBody([spec.finish(finish)]),
  };
  validateProgram(program);
  return program;
}

function affineOf(body: BodyBuilder, index: Index): Affine {
  const register = body.coordinate(index);
  const instruction = body.finishBody([]).code[register.register];
  if (instruction?.kind !== "coordinate") throw new AssayError("program/invalid", "not an affine");
  return instruction.value;
}

/** Builds a scalar function: straight-line code over its parameters. */
export class FunctionBuilder extends CodeBuilder {
  private readonly code: FunctionInstruction[] = [];
  private readonly known = new Map<string, Register>();

  constructor(private readonly parameters: readonly RegisterType[]) {
    super();
  }

  private once(key: string, type: RegisterType, instruction: FunctionInstruction): Register {
    let found = this.known.get(key);
    if (!found) {
      this.code.push(instruction);
      found = { register: this.code.length - 1, type };
      this.known.set(key, found);
    }
    return found;
  }

  protected emit(op: MicroOp, args: readonly number[]): number {
    this.code.push({ kind: "operate", op, args });
    return this.code.length - 1;
  }

  constant(value: Literal): Register {
    return this.once(`c${value.type}:${value.bits}`, value.type, { kind: "constant", value });
  }

  parameter(index: number): Register {
    const type = this.parameters[index];
    if (!type) throw new AssayError("program/invalid", `there is no parameter ${index}`);
    return this.once(`p${index}`, type, { kind: "parameter", index });
  }

  finish(name: FunctionOp, result: Register): ScalarFunction {
    return { name, parameters: this.parameters, code: this.code, result: result.register };
  }
}
