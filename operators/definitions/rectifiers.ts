import { type DType, elementCount } from "../dtype.js";
import type { BodyBuilder, Register } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { floatAttribute, inputOperand, invalid, requireDType } from "./shared/context.js";
import { FLOATS, lowerMap, unary, WORDS } from "./shared/elementwise.js";
import { below } from "./shared/extremes.js";

/**
 * Rectifiers with a slope below zero: y = x < 0 ? slope · x : x; NaN and −0 stay as they are.
 *
 * LeakyRelu: slope is the attribute `alpha` (0.01), rounded to f32. PRelu: slope is the second
 * input, which broadcasts; in version 6 it has one element or one per channel (axis 1).
 * ThresholdedRelu: y = x > alpha (1) ? x : +0, so NaN gives +0.
 * Dtypes: f32, f16, bf16, f64, operands alike; PRelu also i32, i64, u32, u64, where the product wraps.
 * Errors: `operator/invalid` where dtypes differ or shapes do not broadcast.
 * Source: ONNX LeakyRelu, versions 6, 16; PRelu, versions 6, 7, 9, 16; ThresholdedRelu, versions 10, 22.
 */
export const leakyRelu = unary({
  name: "LeakyRelu",
  versions: [6, 16],
  dtypes: FLOATS,
  element(b, x, dtype, context) {
    const alpha = b.of(x.type, Math.fround(floatAttribute(context, "alpha", 0.01)));
    return rectified(b, dtype, x, alpha);
  },
});

export const prelu: OperatorDefinition = {
  domain: "",
  name: "PRelu",
  versions: [6, 7, 9, 16],
  lower(context) {
    if (context.inputs.length !== 2) throw invalid(context, "takes 2 inputs");
    const x = inputOperand(context, 0);
    const slope = inputOperand(context, 1);
    requireDType(context, x, [...FLOATS, ...WORDS]);
    if (slope.dtype !== x.dtype) throw invalid(context, `mixes ${x.dtype} and ${slope.dtype}`);
    const perChannel = context.version < 7 && elementCount(slope.dims) > 1;
    const dims = perChannel ? [...slope.dims, ...x.dims.slice(2).map(() => 1)] : slope.dims;
    return lowerMap(context, [x, { ...slope, dims }], x.dtype, (b, [value, factor]) =>
      rectified(b, x.dtype, value as Register, factor as Register),
    );
  },
};

export const thresholdedRelu = unary({
  name: "ThresholdedRelu",
  versions: [10, 22],
  dtypes: FLOATS,
  element(b, x, _, context) {
    const alpha = b.of(x.type, Math.fround(floatAttribute(context, "alpha", 1)));
    return b.select(b.lt(alpha, x), x, b.of(x.type, 0));
  },
});

function rectified(b: BodyBuilder, dtype: DType, x: Register, slope: Register): Register {
  return b.select(below(b, dtype, x, b.of(x.type, 0)), b.mul(slope, x), x);
}
