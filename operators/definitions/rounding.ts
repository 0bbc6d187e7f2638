import { FLOATS, unary } from "./shared/elementwise.js";

/**
 * Ceil, Floor, Round: to an integral value up, down, or to the nearest (half to even, rule 8).
 * −0 stays −0, and so does what rounds to zero from below; infinities and NaN stay.
 *
 * Dtypes: f32, f16, bf16, f64.
 * Source: ONNX Ceil, Floor, versions 6, 13; Round, versions 11, 22.
 */
const family = { versions: [6, 13], dtypes: FLOATS } as const;

export const ceil = unary({
  ...family,
  name: "Ceil",
  element: (b, x) => b.op(x.type === "f64" ? "f64.ceil" : "f32.ceil", x),
});

export const floor = unary({
  ...family,
  name: "Floor",
  element: (b, x) => b.op(x.type === "f64" ? "f64.floor" : "f32.floor", x),
});

export const round = unary({
  ...family,
  name: "Round",
  versions: [11, 22],
  element: (b, x) => b.op(x.type === "f64" ? "f64.nearest" : "f32.nearest", x),
});
