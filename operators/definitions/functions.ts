import { FUNCTION_FLOATS, unary } from "./shared/elementwise.js";

/**
 * Erf, Exp, Log, Tanh: the correctly rounded binary32 function of each element (rule 6).
 *
 * Dtypes: f32, f16, bf16 (the f32 result is rounded once more); f64 is refused (rule 1).
 * Source: ONNX Erf, versions 9, 13; Exp, Log, Tanh, versions 6, 13.
 */
const family = { versions: [6, 13], dtypes: FUNCTION_FLOATS } as const;

export const erf = unary({
  ...family,
  name: "Erf",
  versions: [9, 13],
  element: (b, x) => b.op("f32.erf", x),
});

export const exp = unary({ ...family, name: "Exp", element: (b, x) => b.op("f32.exp", x) });

export const log = unary({ ...family, name: "Log", element: (b, x) => b.op("f32.log", x) });

export const tanh = unary({ ...family, name: "Tanh", element: (b, x) => b.op("f32.tanh", x) });
