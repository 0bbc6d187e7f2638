import { elementCount } from "../dtype.js";
import type { Register } from "../program/builder.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "./definition.js";
import { floatAttribute, inputOperand, invalid, requireDType } from "./shared/context.js";
import { FLOATS, lowerMap, NUMBERS, unary } from "./shared/elementwise.js";
import { larger, smaller } from "./shared/extremes.js";

const LARGEST_F32 = 3.4028234663852886e38;

/**
 * Clip: y = min(max(x, lo), hi) (rule 8), so hi wins where lo > hi, and a NaN anywhere gives NaN.
 *
 * Until version 11 the bounds are float attributes whose schema defaults are ∓largest f32 (an
 * infinity is then clipped); from 11 they are inputs of one element, and one left out is no bound.
 * Dtypes: f32, f16, bf16, f64; from 11 all numbers.
 * Errors: `operator/invalid` where a bound has another dtype or not exactly one element.
 * Source: ONNX Clip, versions 6, 11, 12, 13.
 */
export const clip: OperatorDefinition = {
  domain: "",
  name: "Clip",
  versions: [6, 11, 12, 13],
  lower: (context) => (context.version < 11 ? byAttributes.lower(context) : byInputs(context)),
};

const byAttributes = unary({
  name: "Clip",
  versions: [6],
  dtypes: FLOATS,
  element(b, x, dtype, context) {
    const bound = (name: string, fallback: number): Register =>
      b.of(x.type, Math.fround(floatAttribute(context, name, fallback)));
    const raised = larger(b, dtype, x, bound("min", -LARGEST_F32));
    return smaller(b, dtype, raised, bound("max", LARGEST_F32));
  },
});

function byInputs(context: LoweringContext): Lowering {
  if (context.inputs.length > 3) throw invalid(context, "takes at most 3 inputs");
  const x = inputOperand(context, 0);
  requireDType(context, x, NUMBERS);
  const bounds = [1, 2].filter((i) => context.inputs[i] !== undefined);
  const scalars = bounds.map((i) => {
    const bound = inputOperand(context, i);
    if (bound.dtype !== x.dtype) throw invalid(context, `mixes ${x.dtype} and ${bound.dtype}`);
    if (elementCount(bound.dims) !== 1) throw invalid(context, `bound ${i} is not a scalar`);
    return { ...bound, dims: [] };
  });
  return lowerMap(context, [x, ...scalars], x.dtype, (b, registers) =>
    registers.reduce((y, bound, at) =>
      bounds[at - 1] === 1 ? larger(b, x.dtype, y, bound) : smaller(b, x.dtype, y, bound),
    ),
  );
}
