import { elementCount } from "../dtype.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { copyAs } from "./identity.js";
import { input, intAttribute, invalid, steeringInts } from "./shared/context.js";

/**
 * Reshape: the elements in their order with new dims. In `shape`, one −1 is inferred from the
 * number of elements, and 0 keeps the input's dim at that place (with `allowzero` it is a 0).
 *
 * Dtypes: any; shape i64.
 * Errors: `operator/invalid` where the numbers of elements differ or −1 cannot be inferred.
 * Source: ONNX Reshape, versions 5, 13, 14, 19, 21, 23, 24, 25.
 */
export const reshape: OperatorDefinition = {
  domain: "",
  name: "Reshape",
  versions: [5, 13, 14, 19, 21, 23, 24, 25],
  steering: [1],
  lower: (context) => copyAs(context, targetDims(context)),
};

function targetDims(context: LoweringContext): number[] {
  const { dims } = input(context, 0);
  const shape = steeringInts(context, 1);
  if (!shape) throw invalid(context, "shape is missing");
  const allowZero = intAttribute(context, "allowzero", 0) !== 0;
  const count = elementCount(dims);
  const kept = shape.map((d, i) => (d === 0 && !allowZero ? (dims[i] ?? Number.NaN) : d));
  const inferred = kept.indexOf(-1);
  if (inferred >= 0) {
    const others = elementCount(kept.filter((_, i) => i !== inferred));
    kept[inferred] = count / others;
  }
  const fits = kept.every((d) => Number.isSafeInteger(d) && d >= 0) && elementCount(kept) === count;
  if (!fits) throw invalid(context, `[${dims}] does not reshape to [${shape}]`);
  return kept;
}
