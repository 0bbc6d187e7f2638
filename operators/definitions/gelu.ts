import type { BodyBuilder, Register } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { inputOperand, invalid, requireDType, stringAttribute } from "./shared/context.js";
import { FUNCTION_FLOATS, lowerMap, unary } from "./shared/elementwise.js";

/**
 * Gelu: with `approximate = "none"` y = (0.5 · x) · (1 + erf(x · fl(√½))) (rule 7), with "tanh"
 * y = (0.5 · x) · (1 + tanh(fl(√(2/π)) · (x + fl(0.044715) · x³))), where x³ = (x · x) · x.
 * FastGelu is the tanh form of x + bias, BiasGelu the first form of it.
 *
 * Dtypes: f32, f16, bf16.
 * Errors: `operator/invalid` for another `approximate`.
 * Source: ONNX Gelu, version 20; com.microsoft Gelu, BiasGelu, FastGelu, version 1.
 */
export const gelu = unary({
  name: "Gelu",
  versions: [20],
  dtypes: FUNCTION_FLOATS,
  element(b, x, _, context) {
    const approximate = stringAttribute(context, "approximate", "none");
    if (approximate === "none") return erfForm(b, x);
    if (approximate === "tanh") return tanhForm(b, x);
    throw invalid(context, `approximate is "none" or "tanh", not "${approximate}"`);
  },
});

export const microsoftGelu = unary({
  domain: "com.microsoft",
  name: "Gelu",
  versions: [1],
  dtypes: FUNCTION_FLOATS,
  element: erfForm,
});

export const biasGelu = geluOfSum("BiasGelu", erfForm);
export const fastGelu = geluOfSum("FastGelu", tanhForm);

/** A form of x + bias; the bias may be left out. */
function geluOfSum(
  name: string,
  form: (b: BodyBuilder, x: Register) => Register,
): OperatorDefinition {
  return {
    domain: "com.microsoft",
    name,
    versions: [1],
    lower(context) {
      const present = context.inputs.flatMap((t, i) => (t ? [inputOperand(context, i)] : []));
      const x = inputOperand(context, 0);
      for (const t of present) {
        requireDType(context, t, FUNCTION_FLOATS);
        if (t.dtype !== x.dtype) throw invalid(context, `mixes ${x.dtype} and ${t.dtype}`);
      }
      return lowerMap(context, present, x.dtype, (b, registers) =>
        form(
          b,
          registers.reduce((value, bias) => b.add(value, bias)),
        ),
      );
    },
  };
}

function erfForm(b: BodyBuilder, x: Register): Register {
  const phi = b.add(b.f32(1), b.op("f32.erf", b.mul(x, b.f32(Math.SQRT1_2))));
  return b.mul(b.mul(b.f32(0.5), x), phi);
}

/** The f32 nearest to √(2/π) = 0.79788456080286535587989211986876…. */
const SQRT_2_OVER_PI = 0.7978845608028654;

function tanhForm(b: BodyBuilder, x: Register): Register {
  const cube = b.mul(b.mul(x, x), x);
  const inner = b.add(x, b.mul(b.f32(0.044715), cube));
  const phi = b.add(b.f32(1), b.op("f32.tanh", b.mul(b.f32(SQRT_2_OVER_PI), inner)));
  return b.mul(b.mul(b.f32(0.5), x), phi);
}
