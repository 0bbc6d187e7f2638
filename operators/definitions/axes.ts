import { intAttribute, intsAttribute, invalid, normalizeAxis, steeringInts } from "./context.js";
import type { LoweringContext } from "./definition.js";

/**
 * The axes of a reduction, 0 … rank−1 ascending: from the attribute, or from input 1 since version
 * `inputSince`. None given means all, unless noop_with_empty_axes is set.
 */
export function reductionAxes(
  context: LoweringContext,
  rank: number,
  inputSince: number,
): readonly number[] {
  const given =
    context.version >= inputSince ? steeringInts(context, 1) : intsAttribute(context, "axes");
  if (!given || given.length === 0) {
    const noop = intAttribute(context, "noop_with_empty_axes", 0) !== 0;
    return noop ? [] : Array.from({ length: rank }, (_, i) => i);
  }
  const axes = given.map((a) => normalizeAxis(context, a, rank)).sort((a, b) => a - b);
  if (new Set(axes).size !== axes.length) throw invalid(context, `axes [${given}] repeat`);
  return axes;
}

/** Output dims of a reduction over `axes`. */
export function reducedDims(
  dims: readonly number[],
  axes: readonly number[],
  keep: boolean,
): number[] {
  return dims.flatMap((d, i) => (axes.includes(i) ? (keep ? [1] : []) : [d]));
}
