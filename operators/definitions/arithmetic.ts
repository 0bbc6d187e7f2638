import { binary, NUMBERS } from "./shared/elementwise.js";

/**
 * Add, Sub, Mul, Div: C = A ∘ B with multidirectional broadcasting.
 *
 * Dtypes: all numbers, both operands alike. Floats round once (f16 and bf16: in f32, then at the
 * output); integers wrap. Integer division truncates, x ÷ 0 = 0 and MIN ÷ −1 wraps (rule 3).
 * Errors: `operator/invalid` where dtypes differ or shapes do not broadcast.
 * Source: ONNX Add, Sub, Mul, Div, versions 6 (with `broadcast` and `axis`), 7, 13, 14.
 */
const family = { versions: [6, 7, 13, 14], dtypes: NUMBERS } as const;

export const add = binary({ ...family, name: "Add", element: (b, x, y) => b.add(x, y) });

export const sub = binary({ ...family, name: "Sub", element: (b, x, y) => b.sub(x, y) });

export const mul = binary({ ...family, name: "Mul", element: (b, x, y) => b.mul(x, y) });

export const div = binary({
  ...family,
  name: "Div",
  element: (b, x, y, dtype) => (dtype === "u64" ? b.op("i64.div_u", x, y) : b.div(x, y)),
});
