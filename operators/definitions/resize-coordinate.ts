import { type BodyBuilder, o, type Register, type View } from "../program/builder.js";
import type { ResizedAxis } from "./resize-axes.js";
import type { Operand, StageList } from "./shared/context.js";

/**
 * Where an output cell p lies on an axis of the input, in f64, each operation rounded, in the order
 * that the parentheses say; D, from, to and the length L as in resize-axes.ts:
 *
 *   half_pixel             ((p + 0.5) · from) ÷ to − 0.5
 *   half_pixel_symmetric   (c + ((p + 0.5) · from) ÷ to) − 0.5, c = (D ÷ 2) · (1 − count ÷ L)
 *   pytorch_half_pixel     L > 1 ? ((p + 0.5) · from) ÷ to − 0.5 : 0
 *   align_corners          L > 1 ? (p · (D − 1)) ÷ (L − 1) : 0
 *   asymmetric             (p · from) ÷ to
 *   tf_half_pixel_for_nn   ((p + 0.5) · from) ÷ to
 *   tf_crop_and_resize     L > 1 ? ((p · (end − start)) · (D − 1)) ÷ (L − 1) + start · (D − 1)
 *                                : (0.5 · (start + end)) · (D − 1), start and end read from `roi`
 *
 * The products with `from` and D − 1 are exact, and so is a quotient that is a whole number or half
 * of one: there is no cell that rounding in between could put on the other side of a boundary.
 */
export const TRANSFORMATIONS = [
  "half_pixel",
  "half_pixel_symmetric",
  "pytorch_half_pixel",
  "align_corners",
  "asymmetric",
  "tf_half_pixel_for_nn",
  "tf_crop_and_resize",
] as const;

export type Transformation = (typeof TRANSFORMATIONS)[number];

/** Adds the stage of an axis's coordinates: f64 [count]. */
export function coordinateStage(
  stages: StageList,
  axis: ResizedAxis,
  transformation: Transformation,
  roi: Operand | undefined,
): Operand {
  const operands = transformation === "tf_crop_and_resize" && roi ? [roi] : [];
  return stages.add(`coordinates ${axis.axis}`, operands, [axis.count], ([vr]) => ({
    dtype: "f64",
    out: [axis.count],
    finish: (b) => {
      const p = b.op("f64.convert_i64_s", b.coordinate(o(0)));
      return vr ? cropped(b, p, axis, vr) : transformed(b, p, axis, transformation);
    },
  }));
}

function transformed(
  b: BodyBuilder,
  p: Register,
  { extent, count, from, to, length }: ResizedAxis,
  transformation: Transformation,
): Register {
  const scaled = (at: Register): Register => b.div(b.mul(at, b.f64(from)), b.f64(to));
  const centre = (): Register => scaled(b.add(p, b.f64(0.5)));
  switch (transformation) {
    case "half_pixel_symmetric": {
      const offset = (extent / 2) * (1 - count / length);
      return b.sub(b.add(b.f64(offset), centre()), b.f64(0.5));
    }
    case "align_corners":
      if (!(length > 1)) return b.f64(0);
      return b.div(b.mul(p, b.f64(extent - 1)), b.f64(length - 1));
    case "asymmetric":
      return scaled(p);
    case "tf_half_pixel_for_nn":
      return centre();
    default:
      if (transformation === "pytorch_half_pixel" && !(length > 1)) return b.f64(0);
      return b.sub(centre(), b.f64(0.5));
  }
}

function cropped(
  b: BodyBuilder,
  p: Register,
  { extent, length, roi }: ResizedAxis,
  view: View,
): Register {
  const [start, end] = roi.map((at) => {
    const value = b.read(view, [at]);
    return value.type === "f64" ? value : b.op("f64.promote_f32", value);
  }) as [Register, Register];
  const last = b.f64(extent - 1);
  if (!(length > 1)) return b.mul(b.mul(b.f64(0.5), b.add(start, end)), last);
  const along = b.mul(b.mul(p, b.sub(end, start)), last);
  return b.add(b.div(along, b.f64(length - 1)), b.mul(start, last));
}

/** Whether a coordinate lies on the input: 0 ≤ x ≤ D − 1, an i32 0 or 1. */
export function isOnInput(b: BodyBuilder, x: Register, axis: ResizedAxis): Register {
  return b.and(b.le(b.f64(0), x), b.le(x, b.f64(axis.extent - 1)));
}
