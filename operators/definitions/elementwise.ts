import type { DType } from "../dtype.js";
import type { BodyBuilder, Register } from "../program/builder.js";
import { broadcastDims, broadcastIndex } from "./broadcast.js";
import { input, inputOperand, invalid, requireDType, single } from "./context.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";

/** Families of maps: the element depends on the elements at the same (broadcast) coordinate. */

export const FLOATS: readonly DType[] = ["f32", "f16", "bf16", "f64"];
/** Floats that functions are defined for: f64 transcendentals are refused (rule 1). */
export const FUNCTION_FLOATS: readonly DType[] = ["f32", "f16", "bf16"];
export const SIGNED: readonly DType[] = ["i8", "i16", "i32", "i64"];
export const UNSIGNED: readonly DType[] = ["u8", "u16", "u32", "u64"];
export const NUMBERS: readonly DType[] = [...FLOATS, ...SIGNED, ...UNSIGNED];

export interface ElementwiseSpec {
  readonly name: string;
  readonly versions: readonly number[];
  readonly domain?: string;
  /** Dtypes of the first operand. */
  readonly dtypes: readonly DType[];
  /** Dtype of the result; the operand's unless given. */
  readonly result?: DType;
  element(body: BodyBuilder, operands: readonly Register[], context: LoweringContext): Register;
}

/** A map of `arity` operands with one result. */
export function elementwise(arity: number, spec: ElementwiseSpec): OperatorDefinition {
  return {
    domain: spec.domain ?? "",
    name: spec.name,
    versions: spec.versions,
    lower(context) {
      if (context.inputs.length !== arity) throw invalid(context, `takes ${arity} inputs`);
      return lowerElementwise(context, spec);
    },
  };
}

/** Lowers a map over all inputs of the node, which must share one dtype and broadcast. */
export function lowerElementwise(context: LoweringContext, spec: ElementwiseSpec) {
  const operands = context.inputs.map((_, i) => inputOperand(context, i));
  const first = input(context, 0);
  requireDType(context, first, spec.dtypes);
  for (const t of operands) {
    if (t.dtype !== first.dtype) throw invalid(context, `mixes ${first.dtype} and ${t.dtype}`);
  }
  const out = broadcastDims(
    context,
    operands.map((t) => t.dims),
  );
  return single(context, operands, out, (views) => ({
    dtype: spec.result ?? first.dtype,
    out,
    finish: (b) =>
      spec.element(
        b,
        views.map((v) => b.read(v, broadcastIndex(v, out.length))),
        context,
      ),
  }));
}
