import type { BodyBuilder, Register } from "../program/builder.js";
import { FUNCTION_FLOATS, unary } from "./shared/elementwise.js";

/**
 * Softplus: y = log1p(exp(x)) for x ≤ 20, else x (rule 7); NaN stays.
 *
 * Dtypes: f32, f16, bf16.
 * Source: ONNX Softplus, versions 1, 22.
 */
export const softplus = unary({
  name: "Softplus",
  versions: [1, 22],
  dtypes: FUNCTION_FLOATS,
  element: softplusOf,
});

/** The composition of rule 7, for every definition that uses a softplus. */
export function softplusOf(b: BodyBuilder, x: Register): Register {
  return b.select(b.le(x, b.f32(20)), b.op("f32.log1p", b.op("f32.exp", x)), x);
}
