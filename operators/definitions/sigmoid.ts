import type { BodyBuilder, Register } from "../program/builder.js";
import { floatAttribute } from "./shared/context.js";
import { FLOATS, FUNCTION_FLOATS, unary } from "./shared/elementwise.js";

/**
 * Sigmoid: y = 1 ÷ (1 + exp(−x)) (rule 7).
 * HardSigmoid: y = max(0, min(1, alpha · x + beta)), alpha = 0.2, beta = 0.5, both rounded to f32.
 * HardSwish: y = x · HardSigmoid(x) with alpha = fl(1/6), beta = 0.5.
 *
 * Dtypes: f32, f16, bf16; HardSigmoid and HardSwish also f64.
 * Source: ONNX Sigmoid, versions 6, 13; HardSigmoid, versions 6, 22; HardSwish, versions 14, 22.
 */
export const sigmoid = unary({
  name: "Sigmoid",
  versions: [6, 13],
  dtypes: FUNCTION_FLOATS,
  element: sigmoidOf,
});

export const hardSigmoid = unary({
  name: "HardSigmoid",
  versions: [6, 22],
  dtypes: FLOATS,
  element(b, x, _, context) {
    const alpha = floatAttribute(context, "alpha", 0.2);
    return hardSigmoidOf(b, x, alpha, floatAttribute(context, "beta", 0.5));
  },
});

export const hardSwish = unary({
  name: "HardSwish",
  versions: [14, 22],
  dtypes: FLOATS,
  element: (b, x) => b.mul(x, hardSigmoidOf(b, x, 1 / 6, 0.5)),
});

function hardSigmoidOf(b: BodyBuilder, x: Register, alpha: number, beta: number): Register {
  const of = (value: number): Register => b.of(x.type, Math.fround(value));
  const line = b.add(b.mul(of(alpha), x), of(beta));
  return b.max(of(0), b.min(of(1), line));
}

/** The composition of rule 7, for every definition that uses a sigmoid. */
export function sigmoidOf(b: BodyBuilder, x: Register): Register {
  const one = b.f32(1);
  return b.div(one, b.add(one, b.op("f32.exp", b.op("f32.neg", x))));
}
