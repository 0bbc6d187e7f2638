import type { ScalarFunction } from "../../program/types.js";
import { except, splitExponent, unaryFunction } from "./blocks.js";
import { logarithm } from "./logarithm.js";

const EXCEPTIONS = [[0x4bdd65a5, 0x418f034a]] as const;

export const acosh: ScalarFunction = unaryFunction("f32.acosh", (b, x) => {
  const root = b.op("f64.sqrt", b.sub(b.mul(x, x), b.f64(1)));
  const u = b.add(x, root);
  const { k, m } = splitExponent(b, u);
  const near = b.add(b.sub(x, b.f64(1)), root);
  const f = b.select(b.eq(k, b.f64(0)), near, b.sub(m, b.f64(1)));
  const finite = b.lt(x, b.f64(Number.POSITIVE_INFINITY));
  const value = b.select(finite, logarithm(b, k, f), x);
  return except(b, x, b.select(b.lt(x, b.f64(1)), b.f64(Number.NaN), value), EXCEPTIONS);
});
