import { FLOATS, unary } from "./shared/elementwise.js";

/**
 * Sqrt: y = fl(√x). Reciprocal: y = fl(1 ÷ x). √ of a negative number is NaN, √−0 = −0.
 *
 * Dtypes: f32, f16, bf16, f64.
 * Source: ONNX Reciprocal, Sqrt, versions 6, 13.
 */
const family = { versions: [6, 13], dtypes: FLOATS } as const;

export const reciprocal = unary({
  ...family,
  name: "Reciprocal",
  element: (b, x) => b.div(b.of(x.type, 1), x),
});

export const sqrt = unary({
  ...family,
  name: "Sqrt",
  element: (b, x) => b.op(x.type === "f64" ? "f64.sqrt" : "f32.sqrt", x),
});
