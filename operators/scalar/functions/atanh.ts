import type { ScalarFunction } from "../../program/types.js";
import { LN2_HIGH, LN2_LOW, nearestPower, unaryFunction, withSignOf } from "./blocks.js";
import { artanhSeries } from "./logarithm.js";

export const atanh: ScalarFunction = unaryFunction("f32.atanh", (b, x) => {
  const a = b.op("f64.abs", x);
  const p = b.add(b.f64(1), a);
  const q = b.sub(b.f64(1), a);
  const { k, power } = nearestPower(b, b.div(p, q));
  const scaled = b.mul(power, q);
  const s = b.select(b.eq(k, b.f64(0)), a, b.div(b.sub(p, scaled), b.add(p, scaled)));
  const small = b.add(b.mul(s, artanhSeries(b, s)), b.mul(k, b.f64(LN2_LOW)));
  const twice = b.add(b.add(b.mul(k, b.f64(LN2_HIGH)), b.add(s, s)), small);
  const one = b.eq(a, b.f64(1));
  const outside = b.select(one, b.f64(Number.POSITIVE_INFINITY), b.f64(Number.NaN));
  const value = b.select(b.lt(a, b.f64(1)), b.mul(b.f64(0.5), twice), outside);
  return withSignOf(b, value, x);
});
