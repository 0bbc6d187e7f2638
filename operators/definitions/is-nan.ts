import { intAttribute } from "./shared/context.js";
import { FLOATS, unary } from "./shared/elementwise.js";

/**
 * IsNaN, IsInf: bool of a float's kind. `detect_negative` and `detect_positive` (both 1) say which
 * infinities count.
 *
 * Dtypes: f32, f16, bf16, f64. The result is bool.
 * Source: ONNX IsNaN, versions 9, 13, 20; IsInf, versions 10, 20.
 */
const family = { dtypes: FLOATS, result: "bool" } as const;

export const isNotANumber = unary({
  ...family,
  name: "IsNaN",
  versions: [9, 13, 20],
  element: (b, x) => b.not(b.eq(x, x)),
});

export const isInfinite = unary({
  ...family,
  name: "IsInf",
  versions: [10, 20],
  element(b, x, _, context) {
    const is = (value: number, attribute: string) =>
      intAttribute(context, attribute, 1) === 0 ? b.i32(0) : b.eq(x, b.of(x.type, value));
    return b.or(
      is(Number.NEGATIVE_INFINITY, "detect_negative"),
      is(Number.POSITIVE_INFINITY, "detect_positive"),
    );
  },
});
