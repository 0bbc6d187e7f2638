import { elementCount } from "../dtype.js";
import { o, type View } from "../program/builder.js";
import { LIMITS } from "../program/types.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { inputOperand, invalid, type Operand, requireDType, single } from "./shared/context.js";
import { convert } from "./shared/conversion.js";
import { scalarValue } from "./shared/known-value.js";
import { requireStashF32 } from "./shared/normalization.js";

/**
 * Range: y[i] = start + i · delta for max(⌈(limit − start) ÷ delta⌉, 0) elements; product and sum
 * are rounded each (integers wrap). The count is exact for integers; for floats difference and
 * quotient are f64.
 *
 * Dtypes: f32, f16, bf16 (both steps in f32), f64, i16, i32, i64; three inputs of one element, alike.
 * Errors: `operator/invalid` for a delta of 0 or a count that is no number or too large;
 * `graph/data-dependent` where a value is only known at run time.
 * Source: ONNX Range, versions 11, 27.
 */
export const range: OperatorDefinition = {
  domain: "",
  name: "Range",
  versions: [11, 27],
  steering: [0, 1, 2],
  lower(context) {
    requireStashF32(context);
    const start = scalarOperand(context, 0);
    const delta = scalarOperand(context, 2);
    for (const i of [1, 2]) {
      const { dtype } = scalarOperand(context, i);
      if (dtype !== start.dtype) throw invalid(context, `mixes ${start.dtype} and ${dtype}`);
    }
    const count = rangeLength(context);
    const isHalf = start.dtype === "f16" || start.dtype === "bf16";
    const arithmetic = isHalf ? "f32" : start.dtype;
    return single(context, [start, delta], [count], ([first, step]) => ({
      dtype: start.dtype,
      out: [count],
      finish(b) {
        const position = convert(b, b.coordinate(o(0)), "i64", arithmetic);
        const offset = b.mul(position, b.read(step as View, []));
        return b.add(b.read(first as View, []), offset);
      },
    }));
  },
};

function scalarOperand(context: LoweringContext, index: number): Operand {
  const operand = inputOperand(context, index);
  requireDType(context, operand, ["f32", "f16", "bf16", "f64", "i16", "i32", "i64"]);
  if (elementCount(operand.dims) !== 1) throw invalid(context, `input ${index} is not a scalar`);
  return { ...operand, dims: [] };
}

function rangeLength(context: LoweringContext): number {
  const [start, limit, delta] = [0, 1, 2].map((i) => scalarValue(context, i));
  const count =
    typeof start === "bigint" && typeof limit === "bigint" && typeof delta === "bigint"
      ? integerLength(start, limit, delta)
      : Math.ceil((Number(limit) - Number(start)) / Number(delta));
  if (Number.isNaN(count) || count >= LIMITS.extent) {
    throw invalid(context, `no range from ${start} to ${limit} by ${delta}`);
  }
  return Math.max(count, 0);
}

function integerLength(start: bigint, limit: bigint, delta: bigint): number {
  if (delta === 0n) return Number.NaN;
  const distance = limit - start;
  const whole = distance / delta;
  const hasRest = distance % delta !== 0n && distance > 0n === delta > 0n;
  return Number(whole) + (hasRest ? 1 : 0);
}
