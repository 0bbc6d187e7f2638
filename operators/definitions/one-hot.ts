import { elementCount } from "../dtype.js";
import { o, type View } from "../program/builder.js";
import { LIMITS } from "../program/types.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { axisPosition } from "./shared/axis-position.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  requireDType,
  single,
} from "./shared/context.js";
import { convert } from "./shared/conversion.js";
import { ANY_DTYPE, NUMBERS } from "./shared/elementwise.js";
import { scalarValue } from "./shared/known-value.js";

/**
 * OneHot: a new axis of `depth` positions at `axis`; y is values[1] where the position equals the
 * index, values[0] elsewhere. From version 11 a negative index counts from the end. An index outside
 * the axis hits nothing. Float indices and a float depth are truncated.
 *
 * Dtypes: indices and depth any number, depth steering; values and y any.
 * Errors: `operator/invalid` where values are not two or depth is not one that can be;
 * `graph/data-dependent` where the depth is only known at run time.
 * Source: ONNX OneHot, versions 9, 11.
 */
export const oneHot: OperatorDefinition = {
  domain: "",
  name: "OneHot",
  versions: [9, 11],
  steering: [1],
  lower(context) {
    const indices = inputOperand(context, 0);
    const values = inputOperand(context, 2);
    requireDType(context, indices, NUMBERS);
    requireDType(context, values, ANY_DTYPE);
    if (elementCount(values.dims) !== 2) throw invalid(context, "values are [off, on]");
    const depth = depthOf(context);
    const rank = indices.dims.length + 1;
    const axis = normalizeAxis(context, intAttribute(context, "axis", -1), rank);
    const [before, after] = [indices.dims.slice(0, axis), indices.dims.slice(axis)];
    const [outer, inner] = [elementCount(before), elementCount(after)];
    const pair = { ...values, dims: [2] };
    return single(context, [indices, pair], [...before, depth, ...after], ([vi, vv]) => ({
      dtype: values.dtype,
      out: [outer, depth, inner],
      finish: (b) => {
        const given = b.read({ ...(vi as View), dims: [outer, inner] }, [o(0), o(2)]);
        const index = convert(b, given, indices.dtype, "i64");
        const at = context.version < 11 ? index : axisPosition(b, index, depth);
        const [off, on] = [b.read(vv as View, [0]), b.read(vv as View, [1])];
        return b.select(b.eq(at, b.coordinate(o(1))), on, off);
      },
    }));
  },
};

function depthOf(context: LoweringContext): number {
  const { dims } = inputOperand(context, 1);
  if (elementCount(dims) !== 1) throw invalid(context, `depth is [${dims}], not one number`);
  const depth = Math.trunc(Number(scalarValue(context, 1)));
  if (!(depth >= 0 && depth < LIMITS.extent)) throw invalid(context, `depth ${depth}`);
  return depth;
}
