import { FUNCTION_FLOATS, unary } from "./shared/elementwise.js";

/**
 * Acos, Asin, Atan, Cos, Erf, Exp, Log, Sin, Tan, Tanh: the correctly rounded binary32 function of each element (rule 6).
 *
 * Dtypes: f32, f16, bf16 (the f32 result is rounded once more); f64 is refused (rule 1).
 * Source: ONNX Acos, Asin, Atan, Cos, Sin, Tan, versions 7, 22; Erf, versions 9, 13; Exp, Log, Tanh,
 * versions 6, 13.
 */
const family = { versions: [6, 13], dtypes: FUNCTION_FLOATS } as const;
const trigonometric = { versions: [7, 22], dtypes: FUNCTION_FLOATS } as const;

export const erf = unary({
  ...family,
  name: "Erf",
  versions: [9, 13],
  element: (b, x) => b.op("f32.erf", x),
});

export const exp = unary({ ...family, name: "Exp", element: (b, x) => b.op("f32.exp", x) });

export const log = unary({ ...family, name: "Log", element: (b, x) => b.op("f32.log", x) });

export const tanh = unary({ ...family, name: "Tanh", element: (b, x) => b.op("f32.tanh", x) });

export const sin = unary({
  ...trigonometric,
  name: "Sin",
  element: (b, x) => b.op("f32.sin", x),
});

export const cos = unary({
  ...trigonometric,
  name: "Cos",
  element: (b, x) => b.op("f32.cos", x),
});

export const tan = unary({
  ...trigonometric,
  name: "Tan",
  element: (b, x) => b.op("f32.tan", x),
});

export const asin = unary({
  ...trigonometric,
  name: "Asin",
  element: (b, x) => b.op("f32.asin", x),
});

export const acos = unary({
  ...trigonometric,
  name: "Acos",
  element: (b, x) => b.op("f32.acos", x),
});

export const atan = unary({
  ...trigonometric,
  name: "Atan",
  element: (b, x) => b.op("f32.atan", x),
});
