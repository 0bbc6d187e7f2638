import type { DType } from "../../dtype.js";
import type { BodyBuilder, Register } from "../../program/builder.js";
import type { LoweringContext } from "../definition.js";
import { intAttribute, invalid, requireDType } from "./context.js";
import { FLOATS, FUNCTION_FLOATS } from "./elementwise.js";

/**
 * The p-norm of some elements: the lane sum (rule 10) of |x|, fl(x·x) or pow(|x|, p), and of that for
 * p = 1 itself, for p = 2 the square root, else pow(sum, fl(1 ÷ p)). Rounded like everything, pow of
 * f64 refused (rule 1).
 */
export interface PowerNorm {
  term(b: BodyBuilder, x: Register): Register;
  root(b: BodyBuilder, sum: Register): Register;
}

/** The norm that attribute `p` (2) asks for; floats, which versions of 1 have, need not be whole. */
export function powerNorm(context: LoweringContext, dtype: { readonly dtype: DType }): PowerNorm {
  const attribute = context.attributes.get("p");
  const p = attribute?.kind === "float" ? attribute.value : intAttribute(context, "p", 2);
  if (!(p > 0 && p < Number.POSITIVE_INFINITY)) throw invalid(context, `p = ${p}`);
  const type = { ...dtype, dims: [] };
  requireDType(context, type, p === 1 || p === 2 ? FLOATS : FUNCTION_FLOATS);
  if (p === 1) return { term: magnitude, root: (_, sum) => sum };
  if (p === 2) return { term: (b, x) => b.mul(x, x), root: squareRoot };
  return {
    term: (b, x) => b.op("f32.pow", magnitude(b, x), b.f32(p)),
    root: (b, sum) => b.op("f32.pow", sum, b.div(b.f32(1), b.f32(p))),
  };
}

function magnitude(b: BodyBuilder, x: Register): Register {
  return b.op(x.type === "f64" ? "f64.abs" : "f32.abs", x);
}

export function squareRoot(b: BodyBuilder, x: Register): Register {
  return b.op(x.type === "f64" ? "f64.sqrt" : "f32.sqrt", x);
}
