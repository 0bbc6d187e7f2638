import { DTYPES, type DType, elementCount } from "../../dtype.js";
import { AssayError } from "../../errors.js";
import type { View } from "../../program/builder.js";
import { buildProgram, type ProgramSpec } from "../../program/builder.js";
import { type Tensor, type TensorType, viewOf } from "../../tensor.js";
import type {
  Lowering,
  LoweringContext,
  Scan,
  Stage,
  StageAxis,
  StageSource,
} from "../definition.js";
import { requireCausal } from "./causal.js";

/** Helpers that every definition uses to read its node: attributes, inputs, steering values. */

/** The operator's inputs contradict its schema. */
export function invalid(context: LoweringContext, message: string): AssayError {
  return new AssayError("operator/invalid", `${context.node}: ${message}`);
}

/** Valid ONNX, but outside what this definition covers. */
export function unsupported(context: LoweringContext, message: string): AssayError {
  return new AssayError("operator/unsupported", `${context.node}: ${message}`);
}

/** The type of a required input. */
export function input(context: LoweringContext, index: number): TensorType {
  const type = context.inputs[index];
  if (!type) throw invalid(context, `input ${index} is missing`);
  return type;
}

/** Refuses dtypes outside `allowed`. */
export function requireDType(
  context: LoweringContext,
  type: TensorType,
  allowed: readonly DType[],
): void {
  if (!allowed.includes(type.dtype)) {
    throw unsupported(context, `dtype ${type.dtype} is not supported (${allowed.join(", ")})`);
  }
}

export function intAttribute(context: LoweringContext, name: string): number | undefined;
export function intAttribute(context: LoweringContext, name: string, fallback: number): number;
export function intAttribute(context: LoweringContext, name: string, fallback?: number) {
  const a = context.attributes.get(name);
  if (!a) return fallback;
  if (a.kind !== "int") throw invalid(context, `attribute ${name} is not an int`);
  return saturate(a.value);
}

export function intsAttribute(context: LoweringContext, name: string): number[] | undefined {
  const a = context.attributes.get(name);
  if (!a) return undefined;
  if (a.kind !== "ints") throw invalid(context, `attribute ${name} is not a list of ints`);
  return a.value.map(saturate);
}

export function floatAttribute(context: LoweringContext, name: string): number | undefined;
export function floatAttribute(context: LoweringContext, name: string, fallback: number): number;
export function floatAttribute(context: LoweringContext, name: string, fallback?: number) {
  const a = context.attributes.get(name);
  if (!a) return fallback;
  if (a.kind !== "float") throw invalid(context, `attribute ${name} is not a float`);
  return a.value;
}

export function floatsAttribute(
  context: LoweringContext,
  name: string,
): readonly number[] | undefined {
  const a = context.attributes.get(name);
  if (!a) return undefined;
  if (a.kind !== "floats") throw invalid(context, `attribute ${name} is not a list of floats`);
  return a.value;
}

export function stringAttribute(context: LoweringContext, name: string, fallback: string): string {
  const a = context.attributes.get(name);
  if (!a) return fallback;
  if (a.kind !== "string") throw invalid(context, `attribute ${name} is not a string`);
  return a.value;
}

/**
 * The integers of a steering input (i64 or i32), or `undefined` where the input is left out.
 * Values beyond ±(2^53 − 1) saturate: ONNX uses INT64_MAX for "to the end".
 */
export function steeringInts(context: LoweringContext, index: number): number[] | undefined {
  const value = steeringValue(context, index);
  return value && integersOf(context, value);
}

/** The numbers of a steering input of f32, or `undefined` where the input is left out. */
export function steeringFloats(context: LoweringContext, index: number): number[] | undefined {
  const value = steeringValue(context, index);
  if (!value) return undefined;
  if (value.dtype !== "f32") throw invalid(context, `expected f32, got ${value.dtype}`);
  const view = viewOf(value.bytes);
  return Array.from({ length: elementCount(value.dims) }, (_, i) => view.getFloat32(i * 4, true));
}

function steeringValue(context: LoweringContext, index: number): Tensor | undefined {
  const type = context.inputs[index];
  if (!type) return undefined;
  const value = context.values[index];
  if (value) return value;
  // A tensor without elements says what it says before it is computed.
  if (elementCount(type.dims) === 0) return { ...type, bytes: new Uint8Array(0) };
  throw new AssayError(
    "graph/data-dependent",
    `${context.node}: input ${index} decides a shape, but its value is only known at run time`,
  );
}

function integersOf(context: LoweringContext, t: Tensor): number[] {
  const view = viewOf(t.bytes);
  const count = elementCount(t.dims);
  if (t.dtype === "i64") {
    return Array.from({ length: count }, (_, i) => saturate(view.getBigInt64(i * 8, true)));
  }
  if (t.dtype === "i32") return Array.from({ length: count }, (_, i) => view.getInt32(i * 4, true));
  throw invalid(context, `expected integers, got ${t.dtype}`);
}

function saturate(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > limit ? limit : value < -limit ? -limit : value);
}

/** An axis in −rank … rank−1 as 0 … rank−1. */
export function normalizeAxis(context: LoweringContext, axis: number, rank: number): number {
  const a = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(a) || a < 0 || a >= rank) {
    throw invalid(context, `axis ${axis} is outside rank ${rank}`);
  }
  return a;
}

/** One source of a stage under construction: where it comes from and how it is seen. */
export interface Operand extends TensorType {
  readonly from: StageSource;
}

export function inputOperand(context: LoweringContext, index: number): Operand {
  return { ...input(context, index), from: { kind: "input", index } };
}

/** A stage of a recurrence: its element at t may depend on earlier t. */
export interface Recurrence {
  readonly name: string;
  readonly dtype: DType;
  /** Dims after t. */
  readonly dims: readonly number[];
  /** Names of `dims`, for people. */
  readonly axes?: readonly string[];
  operands(siblings: readonly Operand[]): readonly Operand[];
  /** `out` is t and then `dims`. */
  program(views: readonly View[]): Omit<ProgramSpec, "sources" | "dtype" | "out">;
}

/** Collects the stages of a lowering; each `add` yields the operand later stages read. */
export class StageList {
  private readonly stages: Stage[] = [];
  private scanned: Scan | undefined;

  /**
   * Adds a stage. `spec.sources` follow from `operands`; in `step` and `finish`, `views[i]` reads
   * operand i with its own dims (override dims by spreading: `{ ...views[0], dims }`). `axes` name the
   * coordinates of an element for people.
   */
  add(
    name: string,
    operands: readonly Operand[],
    dims: readonly number[],
    spec: (views: readonly View[]) => Omit<ProgramSpec, "sources">,
    axes?: readonly StageAxis[],
  ): Operand {
    const views = operands.map((t, source) => ({ source, dtype: t.dtype, dims: t.dims }));
    const program = buildProgram({ ...spec(views), sources: operands });
    const stage: Stage = { name, program, sources: operands.map((t) => t.from) };
    this.stages.push(axes ? { ...stage, axes } : stage);
    return {
      dtype: program.dtype,
      dims: [...dims],
      from: { kind: "stage", index: this.stages.length - 1 },
    };
  }

  /**
   * Adds the stages of a recurrence over t = 0 … steps − 1, the first out dim of each; at most once
   * per list. `operands` is given all of them, so that a stage can read any at earlier t. Throws
   * `program/invalid` for a read that is not known to be earlier.
   */
  scan(steps: number, recurrences: readonly Recurrence[]): Operand[] {
    const first = this.stages.length;
    const all = recurrences.map(({ dtype, dims }, i): Operand => {
      return { dtype, dims: [steps, ...dims], from: { kind: "stage", index: first + i } };
    });
    recurrences.forEach((r, i) => {
      const operands = r.operands(all);
      const { dims } = all[i] as Operand;
      const program = (views: readonly View[]) => ({
        dtype: r.dtype,
        out: dims,
        ...r.program(views),
      });
      const names = ["step", ...(r.axes ?? [])];
      const axes = dims.map((size, axis) => ({ name: names[axis] ?? "", size }));
      this.add(r.name, operands, dims, program, axes);
      requireCausal(this.stages[first + i] as Stage, first, first + i, steps);
    });
    if (this.scanned) throw new AssayError("program/invalid", "a lowering has one scan");
    this.scanned = { first, end: this.stages.length, steps };
    return all;
  }

  /**
   * The finished lowering. Each output must be a stage of this list, and none of its recurrence: those
   * are committed slice by slice, outputs as they are.
   */
  lowering(outputs: readonly Operand[]): Lowering {
    return {
      ...(this.scanned ? { scan: this.scanned } : {}),
      stages: this.stages,
      outputs: outputs.map((t) => {
        if (t.from.kind !== "stage") {
          throw new AssayError("operator/invalid", "an output must be computed by a stage");
        }
        const { first, end } = this.scanned ?? { first: 0, end: 0 };
        if (t.from.index >= first && t.from.index < end) {
          throw new AssayError("program/invalid", "an output may be no stage of the recurrence");
        }
        return { dtype: t.dtype, dims: t.dims, stage: t.from.index };
      }),
    };
  }
}

/** A lowering of one stage and one output. */
export function single(
  context: LoweringContext,
  operands: readonly Operand[],
  dims: readonly number[],
  spec: (views: readonly View[]) => Omit<ProgramSpec, "sources">,
): Lowering {
  if (context.outputCount > 1) throw invalid(context, "has one output");
  const stages = new StageList();
  return stages.lowering([stages.add("output", operands, dims, spec)]);
}

/** Register type that arithmetic on `dtype` uses. */
export function registerOf(dtype: DType) {
  return DTYPES[dtype].register;
}
