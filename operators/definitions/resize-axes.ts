import type { LoweringContext } from "./definition.js";
import {
  intsAttribute,
  invalid,
  normalizeAxis,
  steeringFloats,
  steeringInts,
  stringAttribute,
} from "./shared/context.js";

/**
 * Extents and scales of a resized tensor, all from binary32 and binary64 + − × ÷ and ⌊⌋:
 *
 *   scales   length = fl32(fl32(D) · scale), count = ⌊length⌋, the scale widened to f64
 *   sizes    count = length = size, scale = fl64(size ÷ D)
 *   keep_aspect_ratio_policy   one scale for all axes, the least (not_larger) or the greatest
 *            (not_smaller) fl64(size ÷ D); length = fl64(scale · D), count = ⌊fl64(length + 0.5)⌋
 */
export interface ResizedAxis {
  readonly axis: number;
  /** D, cells of the input. */
  readonly extent: number;
  /** Cells of the output. */
  readonly count: number;
  readonly scale: number;
  /** Extent of the output before it became whole. */
  readonly length: number;
  /** Where the axis has its start and its end in `roi`. */
  readonly roi: readonly [number, number];
}

/** The axes that a node resizes, ascending; those it does not name keep their cells. */
export function resizedAxes(context: LoweringContext, dims: readonly number[]): ResizedAxis[] {
  const axes = (
    (context.version >= 18 ? intsAttribute(context, "axes") : undefined) ?? dims.map((_, i) => i)
  ).map((a) => normalizeAxis(context, a, dims.length));
  if (new Set(axes).size !== axes.length) throw invalid(context, `axes [${axes}] repeat`);
  const scales = scalesOf(context);
  const sizes = context.version >= 11 ? given(steeringInts(context, 3)) : undefined;
  if ((scales === undefined) === (sizes === undefined)) {
    throw invalid(context, "takes either scales or sizes");
  }
  const extents = axes.map((a) => dims[a] as number);
  const found = scales
    ? byScales(context, extents, scales)
    : bySizes(context, extents, sizes as number[]);
  return axes
    .map((axis, i): ResizedAxis => {
      const extent = extents[i] as number;
      const scaled = found[i] as Scaled;
      if (extent === 0 && scaled.count > 0) throw invalid(context, `axis ${axis} has no cells`);
      return { axis, extent, ...scaled, roi: [i, axes.length + i] };
    })
    .sort((a, b) => a.axis - b.axis);
}

type Scaled = Pick<ResizedAxis, "count" | "scale" | "length">;

/** An input without elements is an input left out. */
function given(values: number[] | undefined): number[] | undefined {
  return values && values.length > 0 ? values : undefined;
}

function scalesOf(context: LoweringContext): number[] | undefined {
  return given(steeringFloats(context, context.version >= 11 ? 2 : 1));
}

export function byScales(
  context: LoweringContext,
  extents: readonly number[],
  scales: readonly number[],
): Scaled[] {
  if (scales.length !== extents.length) {
    throw invalid(context, `${scales.length} scales for ${extents.length} axes`);
  }
  return extents.map((extent, i) => {
    const scale = scales[i] as number;
    if (!(scale > 0 && scale < Number.POSITIVE_INFINITY)) {
      throw invalid(context, `scale ${scale} is no positive number`);
    }
    const length = Math.fround(Math.fround(extent) * scale);
    return { scale, length, count: Math.floor(length) };
  });
}

function bySizes(
  context: LoweringContext,
  extents: readonly number[],
  sizes: readonly number[],
): Scaled[] {
  if (sizes.length !== extents.length || sizes.some((d) => d < 0)) {
    throw invalid(context, `sizes [${sizes}] for ${extents.length} axes`);
  }
  const ratios = sizes.map((size, i) => size / (extents[i] as number));
  const policy =
    context.version >= 18 ? stringAttribute(context, "keep_aspect_ratio_policy", "stretch") : "";
  switch (policy) {
    case "":
    case "stretch":
      return sizes.map((size, i) => ({ count: size, length: size, scale: ratios[i] as number }));
    case "not_larger":
      return byOneScale(extents, Math.min(...ratios));
    case "not_smaller":
      return byOneScale(extents, Math.max(...ratios));
    default:
      throw invalid(context, `keep_aspect_ratio_policy "${policy}"`);
  }
}

function byOneScale(extents: readonly number[], scale: number): Scaled[] {
  return extents.map((extent) => {
    const length = scale * extent;
    return { scale, length, count: Math.floor(length + 0.5) };
  });
}
