import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { lowerResize } from "./resize.js";
import { byScales, type ResizedAxis } from "./resize-axes.js";
import {
  floatAttribute,
  floatsAttribute,
  inputOperand,
  invalid,
  steeringFloats,
  stringAttribute,
} from "./shared/context.js";

/**
 * Upsample: Resize with asymmetric coordinates p ÷ scale, in f64: nearest takes the cell at or before, linear
 * interpolates (`bilinear` in version 1).
 *
 * Dtypes: X any for nearest, otherwise any number; scales an f32 input from version 9 on, an attribute
 * before (two of them, height_scale and width_scale of [N,C,H,W], in version 1).
 * Errors: `operator/invalid` for another mode, or scales that do not fit or are not positive;
 * `graph/data-dependent` where the scales are only known at run time.
 * Source: ONNX Upsample, versions 1, 7, 9, 10.
 */
export const upsample: OperatorDefinition = {
  domain: "",
  name: "Upsample",
  versions: [1, 7, 9, 10],
  steering: [1],
  lower(context) {
    const x = inputOperand(context, 0);
    const mode = stringAttribute(context, "mode", "nearest");
    const isLinear = mode === "linear" || (context.version < 7 && mode === "bilinear");
    if (mode !== "nearest" && !isLinear) throw invalid(context, `mode "${mode}"`);
    const axes = byScales(context, x.dims, scalesOf(context, x.dims.length)).map(
      (scaled, axis): ResizedAxis => ({
        axis,
        extent: x.dims[axis] as number,
        ...scaled,
        roi: [0, 0],
      }),
    );
    return lowerResize(context, {
      x,
      axes,
      mode: isLinear ? "linear" : "nearest",
      transformation: "asymmetric",
      rounding: "floor",
      antialias: false,
      excludeOutside: false,
      cubicA: 0,
      extrapolation: 0,
      roi: undefined,
    });
  },
};

function scalesOf(context: LoweringContext, rank: number): readonly number[] {
  if (context.version >= 9) {
    const scales = steeringFloats(context, 1);
    if (!scales) throw invalid(context, "scales are missing");
    return scales;
  }
  if (context.version >= 7) {
    const scales = floatsAttribute(context, "scales");
    if (!scales) throw invalid(context, "scales are missing");
    return scales;
  }
  const [height, width] = ["height_scale", "width_scale"].map((n) => floatAttribute(context, n));
  if (rank !== 4 || height === undefined || width === undefined) {
    throw invalid(context, "takes [N,C,H,W], height_scale and width_scale");
  }
  return [1, 1, height, width];
}
