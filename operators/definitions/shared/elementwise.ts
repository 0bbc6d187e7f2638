import type { DType } from "../../dtype.js";
import type { BodyBuilder, Register, View } from "../../program/builder.js";
import { LIMITS } from "../../program/types.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "../definition.js";
import { broadcastDims, broadcastIndex } from "./broadcast.js";
import {
  input,
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  requireDType,
  single,
  unsupported,
} from "./context.js";
import { mergeBroadcast } from "./merge-axes.js";

/** Families of maps: the element depends on the elements at the same (broadcast) coordinate. */

export const FLOATS: readonly DType[] = ["f32", "f16", "bf16", "f64"];
/** Floats that functions are defined for: f64 transcendentals are refused (rule 1). */
export const FUNCTION_FLOATS: readonly DType[] = ["f32", "f16", "bf16"];
export const SIGNED: readonly DType[] = ["i8", "i16", "i32", "i64"];
export const UNSIGNED: readonly DType[] = ["u8", "u16", "u32", "u64"];
/** Integers that sums, products and contractions are defined for besides floats; they wrap. */
export const WORDS: readonly DType[] = ["i32", "i64", "u32", "u64"];
export const INTEGERS: readonly DType[] = [...SIGNED, ...UNSIGNED];
export const NUMBERS: readonly DType[] = [...FLOATS, ...INTEGERS];
export const ANY_DTYPE: readonly DType[] = [...NUMBERS, "bool"];

interface MapSpec<Element> {
  readonly name: string;
  readonly versions: readonly number[];
  /** ONNX domain; "" unless given. */
  readonly domain?: string;
  /** Dtypes of the operands, which are all alike. */
  readonly dtypes: readonly DType[];
  /** Dtype of the result; the operands' unless given. */
  readonly result?: DType;
  readonly element: Element;
}

export type UnarySpec = MapSpec<
  (b: BodyBuilder, x: Register, dtype: DType, context: LoweringContext) => Register
>;
export type BinarySpec = MapSpec<
  (b: BodyBuilder, x: Register, y: Register, dtype: DType, context: LoweringContext) => Register
>;

/** A map of one operand. */
export function unary(spec: UnarySpec): OperatorDefinition {
  return fixedArity(1, spec, (b, [x], dtype, context) =>
    spec.element(b, x as Register, dtype, context),
  );
}

/** A map of two operands that broadcast. */
export function binary(spec: BinarySpec): OperatorDefinition {
  return fixedArity(2, spec, (b, [x, y], dtype, context) =>
    spec.element(b, x as Register, y as Register, dtype, context),
  );
}

export interface VariadicSpec extends BinarySpec {
  /** What becomes of the combination of `count` operands; itself unless given. */
  readonly finish?: (b: BodyBuilder, combined: Register, count: number) => Register;
}

/** A map of one or more operands that broadcast, combined in pairs from left to right. */
export function variadic(spec: VariadicSpec): OperatorDefinition {
  return {
    domain: spec.domain ?? "",
    name: spec.name,
    versions: spec.versions,
    lower(context) {
      const count = context.inputs.length;
      if (count === 0) throw invalid(context, "takes at least one input");
      if (count > LIMITS.sources) {
        throw unsupported(context, `${count} inputs; at most ${LIMITS.sources} are supported`);
      }
      return lowerAlike(context, spec, (b, registers, dtype) => {
        const combined = registers.reduce((x, y) => spec.element(b, x, y, dtype, context));
        return spec.finish ? spec.finish(b, combined, count) : combined;
      });
    },
  };
}

type ElementOf = (
  b: BodyBuilder,
  operands: readonly Register[],
  dtype: DType,
  context: LoweringContext,
) => Register;

function fixedArity(arity: number, spec: MapSpec<unknown>, element: ElementOf): OperatorDefinition {
  return {
    domain: spec.domain ?? "",
    name: spec.name,
    versions: spec.versions,
    lower(context) {
      if (context.inputs.length !== arity) throw invalid(context, `takes ${arity} input(s)`);
      return lowerAlike(context, spec, element);
    },
  };
}

/** Lowers a map over all inputs of the node, which must share one dtype and broadcast. */
function lowerAlike(
  context: LoweringContext,
  spec: MapSpec<unknown>,
  element: ElementOf,
): Lowering {
  const operands = context.inputs.map((_, i) => inputOperand(context, i));
  const { dtype } = input(context, 0);
  for (const t of operands) {
    requireDType(context, t, spec.dtypes);
    if (t.dtype !== dtype) throw invalid(context, `mixes ${dtype} and ${t.dtype}`);
  }
  return lowerMap(context, operands, spec.result ?? dtype, (b, registers) =>
    element(b, registers, dtype, context),
  );
}

/** Lowers a map over operands of any dtypes that broadcast together. */
export function lowerMap(
  context: LoweringContext,
  operands: readonly Operand[],
  dtype: DType,
  element: (body: BodyBuilder, registers: readonly Register[]) => Register,
): Lowering {
  const shapes = alignedShapes(context, operands);
  const dims = broadcastDims(context, shapes);
  const merged = mergeBroadcast(dims, shapes);
  return single(context, operands, dims, (views) => ({
    dtype,
    out: merged.out,
    finish: (b) =>
      element(
        b,
        views.map((v, i) => {
          const view: View = { ...v, dims: merged.operands[i] as number[] };
          return b.read(view, broadcastIndex(view, merged.out.length));
        }),
      ),
  }));
}

/**
 * Shapes as they broadcast. Until opset 7 the second operand of arithmetic, comparisons and logic
 * broadcast only with `broadcast = 1`, and `axis` said where its dims lie in the first's.
 */
function alignedShapes(
  context: LoweringContext,
  operands: readonly Operand[],
): readonly (readonly number[])[] {
  const shapes = operands.map((t) => t.dims);
  const axis = context.version < 7 ? intAttribute(context, "axis") : undefined;
  const [a, b] = shapes;
  if (axis === undefined || a === undefined || b === undefined) return shapes;
  const at = axis < 0 ? axis + a.length : axis;
  const trailing = a.length - at - b.length;
  if (trailing < 0) throw invalid(context, `axis ${axis} does not fit [${a}] and [${b}]`);
  return [a, [...b, ...new Array<number>(trailing).fill(1)]];
}
