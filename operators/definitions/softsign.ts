import { FLOATS, unary } from "./shared/elementwise.js";

/**
 * Softsign: y = x ÷ (1 + |x|).
 *
 * Dtypes: f32, f16, bf16, f64.
 * Source: ONNX Softsign, versions 1, 22.
 */
export const softsign = unary({
  name: "Softsign",
  versions: [1, 22],
  dtypes: FLOATS,
  element(b, x) {
    const magnitude = b.op(x.type === "f64" ? "f64.abs" : "f32.abs", x);
    return b.div(x, b.add(b.of(x.type, 1), magnitude));
  },
});
