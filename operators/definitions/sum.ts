import { FLOATS, variadic } from "./shared/elementwise.js";

/**
 * Sum: y = ((x₀ + x₁) + x₂) + … over one or more broadcast operands (rule 10: sequential, each
 * addition rounded; the first operand is taken as it is, so the sum of −0 alone is −0).
 * Mean: that sum ÷ fl(number of operands) (rule 12).
 *
 * Dtypes: f32, f16, bf16, f64, operands alike. f16 and bf16 compute in f32 and round at the output.
 * Errors: `operator/invalid` where dtypes differ or shapes do not broadcast;
 * `operator/unsupported` for more than 64 operands.
 * Source: ONNX Mean, Sum, versions 6, 8, 13.
 */
const family = { versions: [6, 8, 13], dtypes: FLOATS } as const;

export const mean = variadic({
  ...family,
  name: "Mean",
  element: (b, x, y) => b.add(x, y),
  finish: (b, sum, count) => b.div(sum, b.of(sum.type, count)),
});

export const sum = variadic({ ...family, name: "Sum", element: (b, x, y) => b.add(x, y) });
