import { floatAttribute } from "./shared/context.js";
import { FLOATS, unary } from "./shared/elementwise.js";

/**
 * Shrink: y = x < −lambd ? x + bias : (lambd < x ? x − bias : +0); so NaN gives +0.
 *
 * The attributes `lambd` (0.5) and `bias` (0) are rounded to f32.
 * Dtypes: f32, f16, bf16, f64.
 * Source: ONNX Shrink, version 9.
 */
export const shrink = unary({
  name: "Shrink",
  versions: [9],
  dtypes: FLOATS,
  element(b, x, _, context) {
    const lambd = Math.fround(floatAttribute(context, "lambd", 0.5));
    const bias = b.of(x.type, Math.fround(floatAttribute(context, "bias", 0)));
    const above = b.select(b.lt(b.of(x.type, lambd), x), b.sub(x, bias), b.of(x.type, 0));
    return b.select(b.lt(x, b.of(x.type, -lambd)), b.add(x, bias), above);
  },
});
