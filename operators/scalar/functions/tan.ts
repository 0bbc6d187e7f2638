import type { ScalarFunction } from "../../program/types.js";
import { oddFunction } from "./symmetry.js";
import { isOdd, reduceToQuarter, sineAndCosine } from "./turns.js";

export const tan: ScalarFunction = oddFunction("f32.tan", [], (b, x) => {
  const { quarters, rest } = reduceToQuarter(b, x);
  const { sine, cosine } = sineAndCosine(b, rest);
  const odd = isOdd(b, quarters);
  return b.div(b.select(odd, b.op("f64.neg", cosine), sine), b.select(odd, sine, cosine));
});
