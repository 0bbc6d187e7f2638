import { elementCount } from "../dtype.js";
import type { OperatorDefinition } from "./definition.js";
import { copyAs } from "./identity.js";
import { input, intAttribute, invalid } from "./shared/context.js";

/**
 * Flatten: a matrix of the dims before `axis` (1) by the dims from it on.
 *
 * Dtypes: any.
 * Errors: `operator/invalid` where axis is outside −rank … rank.
 * Source: ONNX Flatten, versions 1, 9, 11, 13, 21, 23, 24, 25.
 */
export const flatten: OperatorDefinition = {
  domain: "",
  name: "Flatten",
  versions: [1, 9, 11, 13, 21, 23, 24, 25],
  lower(context) {
    const { dims } = input(context, 0);
    const attribute = intAttribute(context, "axis", 1);
    const axis = attribute < 0 ? attribute + dims.length : attribute;
    if (axis < 0 || axis > dims.length) {
      throw invalid(context, `axis ${attribute} is outside rank ${dims.length}`);
    }
    return copyAs(context, [elementCount(dims.slice(0, axis)), elementCount(dims.slice(axis))]);
  },
};
