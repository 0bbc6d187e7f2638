import { FUNCTION_FLOATS, unary } from "./shared/elementwise.js";

/**
 * Maps of the correctly rounded binary32 functions (rule 6): Acos, Acosh, Asin, Asinh, Atan, Atanh,
 * Cos, Cosh, Erf, Exp, Log, Sin, Sinh, Tan, Tanh.
 *
 * Dtypes: f32, f16, bf16 (the f32 result is rounded once more); f64 is refused (rule 1).
 * Source: ONNX, versions 6, 13 of Exp, Log, Tanh; 9, 13 of Erf; 7, 22 of the trigonometric functions
 * and their inverses; 9, 22 of the hyperbolic sine and cosine and of the inverse hyperbolic functions.
 */
const family = { versions: [6, 13], dtypes: FUNCTION_FLOATS } as const;
const since7 = { versions: [7, 22], dtypes: FUNCTION_FLOATS } as const;
const since9 = { versions: [9, 22], dtypes: FUNCTION_FLOATS } as const;

export const acos = unary({ ...since7, name: "Acos", element: (b, x) => b.op("f32.acos", x) });

export const acosh = unary({ ...since9, name: "Acosh", element: (b, x) => b.op("f32.acosh", x) });

export const asin = unary({ ...since7, name: "Asin", element: (b, x) => b.op("f32.asin", x) });

export const asinh = unary({ ...since9, name: "Asinh", element: (b, x) => b.op("f32.asinh", x) });

export const atan = unary({ ...since7, name: "Atan", element: (b, x) => b.op("f32.atan", x) });

export const atanh = unary({ ...since9, name: "Atanh", element: (b, x) => b.op("f32.atanh", x) });

export const cos = unary({ ...since7, name: "Cos", element: (b, x) => b.op("f32.cos", x) });

export const cosh = unary({ ...since9, name: "Cosh", element: (b, x) => b.op("f32.cosh", x) });

export const erf = unary({
  ...family,
  name: "Erf",
  versions: [9, 13],
  element: (b, x) => b.op("f32.erf", x),
});

export const exp = unary({ ...family, name: "Exp", element: (b, x) => b.op("f32.exp", x) });

export const log = unary({ ...family, name: "Log", element: (b, x) => b.op("f32.log", x) });

export const sin = unary({ ...since7, name: "Sin", element: (b, x) => b.op("f32.sin", x) });

export const sinh = unary({ ...since9, name: "Sinh", element: (b, x) => b.op("f32.sinh", x) });

export const tan = unary({ ...since7, name: "Tan", element: (b, x) => b.op("f32.tan", x) });

export const tanh = unary({ ...family, name: "Tanh", element: (b, x) => b.op("f32.tanh", x) });
