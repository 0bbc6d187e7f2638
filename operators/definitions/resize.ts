import { elementCount } from "../dtype.js";
import { type BodyBuilder, o, times, type View } from "../program/builder.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "./definition.js";
import { type ResizedAxis, resizedAxes } from "./resize-axes.js";
import { isOnInput, TRANSFORMATIONS } from "./resize-coordinate.js";
import { nearest, ROUNDINGS } from "./resize-nearest.js";
import { MODES, type ResizeRequest, type Resizing } from "./resize-request.js";
import { type Taps, tapsOf } from "./resize-weights.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  requireDType,
  StageList,
  stringAttribute,
} from "./shared/context.js";
import { convert } from "./shared/conversion.js";
import { ANY_DTYPE, NUMBERS } from "./shared/elementwise.js";
import { multiplyAdd } from "./shared/multiply-add.js";

/**
 * Resize: X sampled at other places, axis by axis. Extents and scales are those of resize-axes.ts, an
 * output cell's coordinate that of resize-coordinate.ts.
 *
 *   nearest         the bits of one cell (resize-nearest.ts)
 *   linear, cubic   from the last resized axis to the first, each a fold over its taps (cells and
 *                   weights: resize-weights.ts), ascending: acc = +0, acc = fl(acc + fl(x · weight)),
 *                   in f32, or f64 for f64; intermediates are not rounded further, the result is
 *                   converted once (rule 4)
 *
 * An axis whose cells and scale do not change is left as it is, except by tf_crop_and_resize; there
 * an element with a coordinate outside the input on any axis is `extrapolation_value`.
 * Version 10 is asymmetric, and nearest takes ⌈x⌉ where the scale is below 1, else ⌊x⌋.
 * Dtypes: X any for nearest, otherwise any number; scales f32; sizes i64; roi f32/f16/bf16/f64.
 * Scales and sizes steer; roi is read when the node runs.
 * Errors: `operator/invalid` for scales that are not positive, sizes and axes that do not fit, unknown
 * modes, antialias of nearest; `graph/data-dependent` where scales or sizes are only known at run time.
 * Source: ONNX Resize, versions 10, 11, 13, 18, 19.
 */
export const resize: OperatorDefinition = {
  domain: "",
  name: "Resize",
  versions: [10, 11, 13, 18, 19],
  steering: [1, 2, 3],
  lower(context) {
    const x = inputOperand(context, 0);
    const isOld = context.version < 11;
    const coordinates = isOld ? "asymmetric" : "half_pixel";
    const transformation = oneOf(
      context,
      "coordinate_transformation_mode",
      coordinates,
      TRANSFORMATIONS,
    );
    return lowerResize(context, {
      x,
      axes: resizedAxes(context, x.dims),
      mode: oneOf(context, "mode", "nearest", MODES),
      transformation,
      rounding: isOld ? "simple" : oneOf(context, "nearest_mode", "round_prefer_floor", ROUNDINGS),
      antialias: intAttribute(context, "antialias", 0) !== 0,
      excludeOutside: intAttribute(context, "exclude_outside", 0) !== 0,
      cubicA: floatAttribute(context, "cubic_coeff_a", -0.75),
      extrapolation: floatAttribute(context, "extrapolation_value", 0),
      roi: transformation === "tf_crop_and_resize" ? roiOf(context) : undefined,
    });
  },
};

export function lowerResize(context: LoweringContext, request: ResizeRequest): Lowering {
  const { x, mode, transformation, axes } = request;
  if (context.outputCount > 1) throw invalid(context, "has one output");
  requireDType(context, x, mode === "nearest" ? ANY_DTYPE : NUMBERS);
  if (mode === "nearest" && request.antialias) throw invalid(context, "antialias of nearest");
  const dims = x.dims.map((d, i) => axes.find((a) => a.axis === i)?.count ?? d);
  const moves = (a: ResizedAxis): boolean =>
    transformation === "tf_crop_and_resize" ||
    transformation === "tf_half_pixel_for_nn" ||
    a.from !== a.to ||
    a.count !== a.extent;
  const resizing: Resizing = {
    ...request,
    // Of no cells there is nothing to interpolate, and scales may be 0 or 0 ÷ 0.
    axes: elementCount(dims) === 0 ? [] : axes.filter(moves),
    dims,
    arithmetic: x.dtype === "f64" ? "f64" : "f32",
  };
  const stages = new StageList();
  // Where no axis moves, nearest is the copy that every mode is.
  const copies = mode === "nearest" || resizing.axes.length === 0;
  return stages.lowering([copies ? nearest(stages, resizing) : interpolate(stages, resizing)]);
}

function interpolate(stages: StageList, r: Resizing): Operand {
  const crops = r.transformation === "tf_crop_and_resize";
  const order = [...r.axes].reverse();
  const taps: Taps[] = [];
  let value = r.x;
  order.forEach((axis, i) => {
    const found = tapsOf(stages, r, axis);
    taps.push(found);
    const isResult = !crops && i === order.length - 1;
    value = pass(stages, r, value, axis, found, isResult);
  });
  if (!crops) return value;
  const operands = [value, ...taps.map((t) => t.coordinates)];
  return stages.add("output", operands, r.dims, ([vx, ...coordinates]) => ({
    dtype: r.x.dtype,
    out: r.dims,
    finish: (b) => {
      const inside = order
        .map((a, i) => isOnInput(b, b.read(coordinates[i] as View, [o(a.axis)]), a))
        .reduce((p, q) => b.and(p, q));
      const sampled = b.read(
        vx as View,
        r.dims.map((_, i) => o(i)),
      );
      const outside = convert(b, b.f32(r.extrapolation), "f32", r.arithmetic);
      return convert(b, b.select(inside, sampled, outside), r.arithmetic, r.x.dtype);
    },
  }));
}

/** One axis interpolated: stored as X's dtype where that is the result. */
function pass(
  stages: StageList,
  r: Resizing,
  value: Operand,
  axis: ResizedAxis,
  taps: Taps,
  isResult: boolean,
): Operand {
  const outer = elementCount(value.dims.slice(0, axis.axis));
  const inner = elementCount(value.dims.slice(axis.axis + 1));
  const dims = value.dims.map((d, i) => (i === axis.axis ? axis.count : d));
  const operands = [value, taps.positions, taps.weights];
  const widened = (s: BodyBuilder, view: View, at: View) => {
    const cell = times(s.read(at, [o(1), { axis: "fold", at: 0, coefficient: 1 }]));
    const read = s.read({ ...view, dims: [outer, axis.extent, inner] }, [o(0), cell, o(2)]);
    return convert(s, read, view.dtype, r.arithmetic);
  };
  return stages.add(isResult ? "output" : `axis ${axis.axis}`, operands, dims, ([vx, vp, vw]) => ({
    dtype: isResult ? r.x.dtype : r.arithmetic,
    out: [outer, axis.count, inner],
    fold: [taps.count],
    ...multiplyAdd(r.arithmetic, (s) => [
      widened(s, vx as View, vp as View),
      s.read(vw as View, [o(1), { axis: "fold", at: 0, coefficient: 1 }]),
    ]),
    finish: (f) => (isResult ? convert(f, f.state(0), r.arithmetic, r.x.dtype) : f.state(0)),
  }));
}

function roiOf(context: LoweringContext): Operand {
  const roi = inputOperand(context, 1);
  requireDType(context, roi, ["f32", "f16", "bf16", "f64"]);
  return roi;
}

function oneOf<T extends string>(
  context: LoweringContext,
  name: string,
  fallback: T,
  allowed: readonly T[],
): T {
  const value = stringAttribute(context, name, fallback);
  const found = allowed.find((a) => a === value);
  if (!found) throw invalid(context, `${name} "${value}" is not one of ${allowed.join(", ")}`);
  return found;
}
