import { FUNCTION_FLOATS, unary } from "./shared/elementwise.js";

/**
 * Acosh, Asinh, Atanh, Cosh, Erf, Exp, Log, Sinh, Tanh: the correctly rounded binary32 function of
 * each element (rule 6).
 *
 * Dtypes: f32, f16, bf16 (the f32 result is rounded once more); f64 is refused (rule 1).
 * Source: ONNX Acosh, Asinh, Atanh, Cosh, Sinh, versions 9, 22; Erf, versions 9, 13; Exp, Log, Tanh,
 * versions 6, 13.
 */
const family = { versions: [6, 13], dtypes: FUNCTION_FLOATS } as const;

const since9 = { ...family, versions: [9, 22] } as const;

export const acosh = unary({ ...since9, name: "Acosh", element: (b, x) => b.op("f32.acosh", x) });

export const asinh = unary({ ...since9, name: "Asinh", element: (b, x) => b.op("f32.asinh", x) });

export const atanh = unary({ ...since9, name: "Atanh", element: (b, x) => b.op("f32.atanh", x) });

export const cosh = unary({ ...since9, name: "Cosh", element: (b, x) => b.op("f32.cosh", x) });

export const erf = unary({
  ...family,
  name: "Erf",
  versions: [9, 13],
  element: (b, x) => b.op("f32.erf", x),
});

export const exp = unary({ ...family, name: "Exp", element: (b, x) => b.op("f32.exp", x) });

export const log = unary({ ...family, name: "Log", element: (b, x) => b.op("f32.log", x) });

export const sinh = unary({ ...since9, name: "Sinh", element: (b, x) => b.op("f32.sinh", x) });

export const tanh = unary({ ...family, name: "Tanh", element: (b, x) => b.op("f32.tanh", x) });
