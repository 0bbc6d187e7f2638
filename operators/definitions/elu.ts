import type { BodyBuilder, Register } from "../program/builder.js";
import { floatAttribute } from "./shared/context.js";
import { FUNCTION_FLOATS, unary } from "./shared/elementwise.js";

/**
 * Exponential linear units; NaN and −0 stay.
 *
 * Elu: y = x ≥ 0 ? x : alpha · expm1(x), alpha = 1.
 * Celu: y = x ≥ 0 ? x : alpha · expm1(x ÷ alpha), alpha = 1.
 * Selu: y = gamma · (x > 0 ? x : alpha · expm1(x)), alpha = 1.6732631921768188,
 * gamma = 1.0507010221481323.
 *
 * The attributes are rounded to f32, and so is every operation.
 * Dtypes: f32, f16, bf16; f64 is refused (rule 1).
 * Source: ONNX Elu, Selu, versions 6, 22; Celu, version 12.
 */
export const elu = unary({
  name: "Elu",
  versions: [6, 22],
  dtypes: FUNCTION_FLOATS,
  element: (b, x, _, context) => eluOf(b, x, b.f32(floatAttribute(context, "alpha", 1))),
});

export const celu = unary({
  name: "Celu",
  versions: [12],
  dtypes: FUNCTION_FLOATS,
  element(b, x, _, context) {
    const alpha = b.f32(floatAttribute(context, "alpha", 1));
    const below = b.mul(alpha, b.op("f32.expm1", b.div(x, alpha)));
    return b.select(b.le(b.f32(0), x), x, below);
  },
});

export const selu = unary({
  name: "Selu",
  versions: [6, 22],
  dtypes: FUNCTION_FLOATS,
  element(b, x, _, context) {
    const alpha = b.f32(floatAttribute(context, "alpha", 1.6732631921768188));
    const gamma = b.f32(floatAttribute(context, "gamma", 1.0507010221481323));
    const below = b.mul(alpha, b.op("f32.expm1", x));
    return b.mul(gamma, b.select(b.lt(b.f32(0), x), x, below));
  },
});

/** Elu with the given alpha, for every definition that uses one. */
export function eluOf(b: BodyBuilder, x: Register, alpha: Register): Register {
  return b.select(b.le(b.f32(0), x), x, b.mul(alpha, b.op("f32.expm1", x)));
}
