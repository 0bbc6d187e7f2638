import type { ScalarFunction } from "../../program/types.js";
import { splitExponent, unaryFunction, withSignOf } from "./blocks.js";
import { logarithm } from "./logarithm.js";

export const asinh: ScalarFunction = unaryFunction("f32.asinh", (b, x) => {
  const a = b.op("f64.abs", x);
  const square = b.mul(a, a);
  const root = b.op("f64.sqrt", b.add(square, b.f64(1)));
  const u = b.add(a, root);
  const { k, m } = splitExponent(b, u);
  const near = b.add(a, b.div(square, b.add(root, b.f64(1))));
  const f = b.select(b.eq(k, b.f64(0)), near, b.sub(m, b.f64(1)));
  const finite = b.lt(u, b.f64(Number.POSITIVE_INFINITY));
  return withSignOf(b, b.select(finite, logarithm(b, k, f), u), x);
});
