import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { copyAs } from "./identity.js";
import { input, intsAttribute, invalid, normalizeAxis, steeringInts } from "./shared/context.js";

/**
 * Squeeze removes axes of extent 1 (all of them where `axes` is left out); Unsqueeze inserts axes
 * of extent 1, `axes` being positions in the output.
 *
 * `axes` is an attribute before version 13 and an input from 13.
 * Dtypes: any; axes i64.
 * Errors: `operator/invalid` where an axis repeats, is out of range or, squeezed, is not 1.
 * Source: ONNX Squeeze, Unsqueeze, versions 1, 11, 13, 21, 23, 24, 25.
 */
const versions = [1, 11, 13, 21, 23, 24, 25] as const;

export const squeeze: OperatorDefinition = {
  domain: "",
  name: "Squeeze",
  versions,
  steering: [1],
  lower(context) {
    const { dims } = input(context, 0);
    const axes = axesOf(context, dims.length);
    const isRemoved = (d: number, i: number): boolean => (axes ? axes.has(i) : d === 1);
    for (const axis of axes ?? []) {
      if (dims[axis] !== 1) throw invalid(context, `axis ${axis} has extent ${dims[axis]}, not 1`);
    }
    return copyAs(
      context,
      dims.filter((d, i) => !isRemoved(d, i)),
    );
  },
};

export const unsqueeze: OperatorDefinition = {
  domain: "",
  name: "Unsqueeze",
  versions,
  steering: [1],
  lower(context) {
    const rest = [...input(context, 0).dims];
    const axes = axesOf(context, undefined);
    if (!axes) throw invalid(context, "axes are required");
    const rank = rest.length + axes.size;
    return copyAs(
      context,
      Array.from({ length: rank }, (_, i) => (axes.has(i) ? 1 : (rest.shift() as number))),
    );
  },
};

/** The axes in a tensor of rank `rank`, or, where that is undefined, in the input widened by them. */
function axesOf(context: LoweringContext, rank: number | undefined): Set<number> | undefined {
  const list = context.version < 13 ? intsAttribute(context, "axes") : steeringInts(context, 1);
  if (!list) return undefined;
  const within = rank ?? input(context, 0).dims.length + list.length;
  const axes = new Set(list.map((a) => normalizeAxis(context, a, within)));
  if (axes.size !== list.length) throw invalid(context, `axes [${list}] repeat`);
  return axes;
}
