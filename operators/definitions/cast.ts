import { type DType, dtypeFromCode } from "../dtype.js";
import type { Register } from "../program/builder.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "./definition.js";
import {
  input,
  inputOperand,
  intAttribute,
  invalid,
  requireDType,
  unsupported,
} from "./shared/context.js";
import { convert } from "./shared/conversion.js";
import { ANY_DTYPE, lowerMap } from "./shared/elementwise.js";

/**
 * Cast: the input as the dtype that the attribute `to` names; CastLike: as the dtype of its second
 * input. Every pair rounds once (rule 4); see `convert` for integers and bool. The attribute
 * `saturate` concerns 8-bit floats only and changes nothing here.
 *
 * Dtypes: any to any.
 * Errors: `operator/unsupported` for a target without a dtype here (strings, 8-bit floats, int4).
 * Source: ONNX Cast, versions 6, 9, 13, 19, 21, 23, 24, 25; CastLike, versions 15, 19, 21, 23, 24, 25.
 */
export const cast: OperatorDefinition = {
  domain: "",
  name: "Cast",
  versions: [6, 9, 13, 19, 21, 23, 24, 25],
  lower(context) {
    const code = intAttribute(context, "to");
    if (code === undefined) throw invalid(context, "attribute to is missing");
    const to = dtypeFromCode(code);
    if (!to) throw unsupported(context, `cast to ONNX data type ${code}`);
    return lowerCast(context, to);
  },
};

export const castLike: OperatorDefinition = {
  domain: "",
  name: "CastLike",
  versions: [15, 19, 21, 23, 24, 25],
  lower: (context) => lowerCast(context, input(context, 1).dtype),
};

function lowerCast(context: LoweringContext, to: DType): Lowering {
  const x = inputOperand(context, 0);
  requireDType(context, x, ANY_DTYPE);
  return lowerMap(context, [x], to, (b, [r]) => convert(b, r as Register, x.dtype, to));
}
