import type { DType } from "../dtype.js";
import { binary, unary } from "./shared/elementwise.js";

/**
 * And, Not, Or, Xor of bools, with multidirectional broadcasting.
 *
 * Dtype: bool.
 * Errors: `operator/invalid` where shapes do not broadcast.
 * Source: ONNX And, Or, Xor, versions 1 (with `broadcast` and `axis`), 7; Not, version 1.
 */
const BOOL: readonly DType[] = ["bool"];
const family = { versions: [1, 7], dtypes: BOOL } as const;

export const and = binary({ ...family, name: "And", element: (b, x, y) => b.and(x, y) });

export const not = unary({ ...family, name: "Not", versions: [1], element: (b, x) => b.not(x) });

export const or = binary({ ...family, name: "Or", element: (b, x, y) => b.or(x, y) });

export const xor = binary({
  ...family,
  name: "Xor",
  element: (b, x, y) => b.op("i32.xor", x, y),
});
