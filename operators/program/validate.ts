import { DTYPES, elementCount, type RegisterType, STORABLE } from "../dtype.js";
import { AssayError } from "../errors.js";
import { CANONICAL_NAN } from "./literal.js";
import { MICRO_OPS } from "./micro-ops.js";
import {
  type Affine,
  type Body,
  type ElementProgram,
  type FunctionInstruction,
  type Instruction,
  LIMITS,
  type Literal,
  type ScalarFunction,
} from "./types.js";

/** Throws `program/invalid` unless every rule of the type holds. Types and ranges are proved here. */
export function validateProgram(program: ElementProgram): void {
  const { out, fold, init, step, finish, when, sources } = program;
  checkDims("out", out);
  checkDims("fold", fold);
  require(sources.length <= LIMITS.sources, `at most ${LIMITS.sources} sources`);
  for (const s of sources) {
    require(s.dtype in DTYPES, `unknown dtype ${s.dtype}`);
    require(isCount(s.length) && s.length < LIMITS.extent, "source length");
  }
  require(init.length <= LIMITS.states, `at most ${LIMITS.states} state words`);
  require(when.length <= LIMITS.conditions, `at most ${LIMITS.conditions} conditions`);
  init.forEach(checkLiteral);
  for (const a of when) checkAffine(a, out, fold);

  const isMap = fold.length === 0;
  if (isMap) {
    require(init.length === 0, "a pure map has no state");
    require(step.code.length === 0 && step.results.length === 0, "a pure map has no step");
    require(when.length === 0, "a pure map has no conditions");
  } else {
    require(init.length > 0, "a fold has at least one state word");
  }
  const stepTypes = bodyTypes(program, step, fold);
  require(step.results.length === init.length, "a step yields one register per state word");
  step.results.forEach((r, i) => {
    require(stepTypes[r] === init[i]?.type, `state word ${i} changes its type`);
  });
  const finishTypes = bodyTypes(program, finish, []);
  require(finish.results.length === 1, "a finish yields one register");
  const type = finishTypes[finish.results[0] as number];
  require(type !== undefined &&
    STORABLE[type].includes(program.dtype), `${type} is not storable as ${program.dtype}`);
}

/** Types of a body's registers; throws where code is ill-typed or reads something that is not there. */
export function bodyTypes(
  program: ElementProgram,
  body: Body,
  fold: readonly number[],
): RegisterType[] {
  require(body.code.length <= LIMITS.instructions, `at most ${LIMITS.instructions} instructions`);
  const types: RegisterType[] = [];
  for (const instruction of body.code)
    types.push(instructionType(program, instruction, types, fold));
  for (const r of body.results)
    require(types[r] !== undefined, `result register ${r} is not defined`);
  return types;
}

function instructionType(
  program: ElementProgram,
  instruction: Instruction,
  types: readonly RegisterType[],
  fold: readonly number[],
): RegisterType {
  switch (instruction.kind) {
    case "constant":
      checkLiteral(instruction.value);
      return instruction.value.type;
    case "state": {
      const word = program.init[instruction.index];
      require(word !== undefined, `there is no state word ${instruction.index}`);
      return (word as Literal).type;
    }
    case "coordinate":
      checkAffine(instruction.value, program.out, fold);
      return "i64";
    case "read": {
      const source = program.sources[instruction.source];
      if (source === undefined) throw invalid(`there is no source ${instruction.source}`);
      checkDims("view", instruction.view);
      require(elementCount(instruction.view) === source.length, "view and source differ in length");
      require(instruction.index.length ===
        instruction.view.length, "one index per axis of the view");
      for (const index of instruction.index) {
        checkAffine(index, program.out, fold);
        for (const r of index.registers) {
          require(types[r.register] === "i64", "index registers are i64 and defined before");
          require(isBounded(r.coefficient), "coefficient");
        }
      }
      const type = DTYPES[source.dtype].register;
      require(instruction.pad.type === type, "pad has the register type of the source");
      checkLiteral(instruction.pad);
      return type;
    }
    case "operate":
      return operationType(instruction, types);
  }
}

function operationType(
  instruction: Extract<FunctionInstruction, { kind: "operate" }>,
  types: readonly RegisterType[],
): RegisterType {
  const info = Object.hasOwn(MICRO_OPS, instruction.op) ? MICRO_OPS[instruction.op] : undefined;
  if (info === undefined) throw invalid(`unknown micro-op ${instruction.op}`);
  require(info.args.length === instruction.args.length, `${instruction.op}: number of operands`);
  instruction.args.forEach((r, i) => {
    require(types[r] === info.args[i], `${instruction.op}: operand ${i} is ${types[r]}`);
  });
  return info.result;
}

/** Validates a scalar function and yields its registers' types. */
export function validateFunction(f: ScalarFunction): RegisterType[] {
  require(f.code.length <= LIMITS.instructions, `at most ${LIMITS.instructions} instructions`);
  const types: RegisterType[] = [];
  for (const i of f.code) {
    if (i.kind === "constant") {
      checkLiteral(i.value);
      types.push(i.value.type);
    } else if (i.kind === "parameter") {
      const type = f.parameters[i.index];
      if (type === undefined) throw invalid(`there is no parameter ${i.index}`);
      types.push(type);
    } else types.push(operationType(i, types));
  }
  require(types[f.result] === MICRO_OPS[f.name].result, "a function yields its op's type");
  return types;
}

/** Smallest and largest value of an affine over its coordinates; `undefined` where a dim is 0. */
export function affineRange(
  affine: Affine,
  out: readonly number[],
  fold: readonly number[],
): { readonly min: number; readonly max: number } | undefined {
  let min = affine.constant;
  let max = affine.constant;
  for (const [coefficients, dims] of [
    [affine.out, out],
    [affine.fold, fold],
  ] as const) {
    for (let i = 0; i < dims.length; i++) {
      const extent = (dims[i] as number) - 1;
      if (extent < 0) return undefined;
      const span = (coefficients[i] as number) * extent;
      if (span < 0) min += span;
      else max += span;
    }
  }
  return { min, max };
}

function checkAffine(affine: Affine, out: readonly number[], fold: readonly number[]): void {
  require(affine.out.length === out.length, "an affine has one coefficient per out dim");
  const foldTail = affine.fold.slice(fold.length);
  require(affine.fold.length >= fold.length &&
    foldTail.every((c) => c === 0), "an affine has one coefficient per fold dim");
  require([affine.constant, ...affine.out, ...affine.fold].every(isBounded), "affine coefficients");
  const range = affineRange(affine, out, fold);
  if (range) require(isBounded(range.min) && isBounded(range.max), "an affine leaves ±2^48");
}

function checkLiteral(l: Literal): void {
  const width = l.type === "f32" || l.type === "i32" ? 32 : 64;
  require(l.bits >= 0n && l.bits >> BigInt(width) === 0n, "literal bits exceed their type");
  const exponent =
    l.type === "f32" ? 0x7f800000n : l.type === "f64" ? 0x7ff0000000000000n : undefined;
  if (exponent === undefined) return;
  const magnitude = l.bits & (exponent | (exponent === 0x7f800000n ? 0x7fffffn : 0xfffffffffffffn));
  const holdsNaN = magnitude > exponent;
  require(!holdsNaN || l.bits === CANONICAL_NAN[l.type as "f32" | "f64"], "NaN is canonical");
}

function checkDims(what: string, dims: readonly number[]): void {
  require(dims.length <= LIMITS.rank, `${what}: rank at most ${LIMITS.rank}`);
  require(dims.every(isCount), `${what}: dims are non-negative integers`);
  require(elementCount(dims) < LIMITS.extent, `${what}: fewer than 2^48 elements`);
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const isBounded = (n: number): boolean => Number.isSafeInteger(n) && Math.abs(n) < LIMITS.extent;

function invalid(message: string): AssayError {
  return new AssayError("program/invalid", message);
}

function require(condition: boolean, message: string): void {
  if (!condition) throw invalid(message);
}
