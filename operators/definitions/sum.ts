import { FLOATS, variadic } from "./elementwise.js";

/**
 * Sum: y = ((x₀ + x₁) + x₂) + … over one or more broadcast operands (rule 10: sequential, each
 * addition rounded; the first operand is taken as it is, so the sum of −0 alone is −0).
 *
 * Dtypes: f32, f16, bf16, f64, operands alike. f16 and bf16 add in f32 and round at the output.
 * Errors: `operator/invalid` where dtypes differ or shapes do not broadcast;
 * `operator/unsupported` for more than 64 operands.
 * Source: ONNX Sum, versions 6, 8, 13.
 */
export const sum = variadic({
  name: "Sum",
  versions: [6, 8, 13],
  dtypes: FLOATS,
  element: (b, x, y) => b.add(x, y),
});
