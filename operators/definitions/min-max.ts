import { NUMBERS, variadic } from "./shared/elementwise.js";
import { larger, smaller } from "./shared/extremes.js";

/**
 * Min, Max: smallest or largest of one or more broadcast operands, left to right.
 *
 * Dtypes: all numbers, operands alike. Floats: NaN wins, +0 > −0 (rule 8).
 * Errors: `operator/invalid` where dtypes differ or shapes do not broadcast;
 * `operator/unsupported` for more than 64 operands.
 * Source: ONNX Min, Max, versions 6, 8, 12, 13.
 */
const family = { versions: [6, 8, 12, 13], dtypes: NUMBERS } as const;

export const min = variadic({
  ...family,
  name: "Min",
  element: (b, x, y, dtype) => smaller(b, dtype, x, y),
});

export const max = variadic({
  ...family,
  name: "Max",
  element: (b, x, y, dtype) => larger(b, dtype, x, y),
});
