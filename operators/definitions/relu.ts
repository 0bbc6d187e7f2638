import { FLOATS, SIGNED, unary } from "./shared/elementwise.js";

/**
 * Relu: y = max(x, +0); so relu(NaN) = NaN and relu(−0) = +0 (rule 8).
 *
 * Dtypes: f32, f16, bf16, f64, i8, i16, i32, i64.
 * Source: ONNX Relu, versions 6, 13, 14.
 */
export const relu = unary({
  name: "Relu",
  versions: [6, 13, 14],
  dtypes: [...FLOATS, ...SIGNED],
  element: (b, x) => b.max(x, b.of(x.type, 0)),
});
