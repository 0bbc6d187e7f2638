import type { Register } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { inputOperand, invalid, requireDType } from "./shared/context.js";
import { ANY_DTYPE, lowerMap } from "./shared/elementwise.js";

/**
 * Where: y = condition ? a : b, the three operands broadcast together.
 *
 * Dtypes: condition bool; a and b any, alike.
 * Errors: `operator/invalid` where a and b differ in dtype or shapes do not broadcast.
 * Source: ONNX Where, versions 9, 16.
 */
export const where: OperatorDefinition = {
  domain: "",
  name: "Where",
  versions: [9, 16],
  lower(context) {
    if (context.inputs.length !== 3) throw invalid(context, "takes 3 inputs");
    const condition = inputOperand(context, 0);
    const a = inputOperand(context, 1);
    const b = inputOperand(context, 2);
    requireDType(context, condition, ["bool"]);
    requireDType(context, a, ANY_DTYPE);
    if (a.dtype !== b.dtype) throw invalid(context, `mixes ${a.dtype} and ${b.dtype}`);
    return lowerMap(context, [condition, a, b], a.dtype, (body, [c, x, y]) =>
      body.select(c as Register, x as Register, y as Register),
    );
  },
};
