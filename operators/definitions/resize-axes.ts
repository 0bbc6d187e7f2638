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
 * Extents and scales of a resized tensor. A scale is kept as a fraction, `to` output cells for `from`
 * input cells, so that places are exact wherever they can be:
 *
 *   scales   scale ÷ 1, length = fl32(fl32(D) · scale), count = ⌊length⌋
 *   sizes    size ÷ D, count = length = size
 *   keep_aspect_ratio_policy   for all axes size ÷ D of the one axis where fl64 of that is least
 *            (not_larger) or greatest (not_smaller), the first of equals; length =
 *            fl64(fl64(D · to) ÷ from), count = ⌊fl64(length + 0.5)⌋
 */
export interface ResizedAxis {
  readonly axis: number;
  /** D, cells of the input. */
  readonly extent: number;
  /** Cells of the output. */
  readonly count: number;
  readonly from: number;
  readonly to: number;
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

type Scaled = Pick<ResizedAxis, "count" | "from" | "to" | "length">;

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
    return { from: 1, to: scale, length, count: Math.floor(length) };
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
  const policy =
    context.version >= 18 ? stringAttribute(context, "keep_aspect_ratio_policy", "stretch") : "";
  const own = sizes.map((size, i): Ratio => ({ from: extents[i] as number, to: size }));
  switch (policy) {
    case "":
    case "stretch":
      return own.map((ratio) => ({ ...ratio, count: ratio.to, length: ratio.to }));
    case "not_larger":
      return byOne(
        extents,
        own.reduce((p, q) => (scaleOf(q) < scaleOf(p) ? q : p)),
      );
    case "not_smaller":
      return byOne(
        extents,
        own.reduce((p, q) => (scaleOf(q) > scaleOf(p) ? q : p)),
      );
    default:
      throw invalid(context, `keep_aspect_ratio_policy "${policy}"`);
  }
}

type Ratio = Pick<ResizedAxis, "from" | "to">;

/** The scale as one f64. */
export function scaleOf({ from, to }: Ratio): number {
  return to / from;
}

function byOne(extents: readonly number[], ratio: Ratio): Scaled[] {
  return extents.map((extent) => {
    const length = (extent * ratio.to) / ratio.from;
    return { ...ratio, length, count: Math.floor(length + 0.5) };
  });
}
