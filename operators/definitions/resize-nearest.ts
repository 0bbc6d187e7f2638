import {
  type BodyBuilder,
  type Index,
  o,
  type Register,
  times,
  type View,
} from "../program/builder.js";
import { LIMITS } from "../program/types.js";
import { type ResizedAxis, scaleOf } from "./resize-axes.js";
import { coordinateStage, isOnInput } from "./resize-coordinate.js";
import type { Resizing } from "./resize-request.js";
import type { Operand, StageList } from "./shared/context.js";
import { convert } from "./shared/conversion.js";
import { mergeWhole, wholeAxis } from "./shared/merge-axes.js";

/**
 * Nearest neighbour: each axis's coordinate x becomes the index of a cell, clamped to the input, and
 * the cell's bits are copied.
 *
 *   floor, ceil          ⌊x⌋, ⌈x⌉
 *   round_prefer_floor   ⌈x − 0.5⌉
 *   round_prefer_ceil    ⌊x + 0.5⌋
 *   simple               ⌈x⌉ where the scale is below 1, else ⌊x⌋
 */
export const ROUNDINGS = ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"] as const;

/** `simple` is what version 10 does and has no name for. */
export type Rounding = (typeof ROUNDINGS)[number] | "simple";

export function nearest(stages: StageList, r: Resizing): Operand {
  const crops = r.transformation === "tf_crop_and_resize";
  const steps = fitsSteps(r) ? r.axes.filter((a) => isWholeStep(r, a)) : [];
  const tables = new Map(
    r.axes.filter((a) => !steps.includes(a)).map((a) => [a.axis, indexStage(stages, r, a)]),
  );
  const operands = [r.x, ...tables.values()];
  return stages.add("output", operands, r.dims, (views) => {
    const order = [...tables.keys()];
    const table = new Map(order.map((axis, i) => [axis, views[1 + i] as View]));
    const layout = layoutOf(r, steps);
    return {
      dtype: r.x.dtype,
      out: layout.flatMap((a) => a.out),
      finish: (b) => {
        const found: Register[] = [];
        let at = 0;
        const index = layout.map((a): Index => {
          const view = a.axis === undefined ? undefined : table.get(a.axis);
          const here = o(at);
          at += a.out.length;
          if (!view) return here;
          const cell = b.read(view, [here]);
          found.push(cell);
          return times(cell);
        });
        const value = b.read({ ...(views[0] as View), dims: layout.map((a) => a.extent) }, index);
        if (!crops || found.length === 0) return value;
        const inside = found.map((cell) => b.le(b.i64(0), cell)).reduce((p, q) => b.and(p, q));
        return b.select(inside, value, convert(b, b.f32(r.extrapolation), "f32", r.x.dtype));
      },
    };
  });
}

/** i64 [count]: the cell of the input, −1 where tf_crop_and_resize leaves it. */
function indexStage(stages: StageList, r: Resizing, axis: ResizedAxis): Operand {
  const coordinates = coordinateStage(stages, axis, r.transformation, r.roi);
  return stages.add(`cells ${axis.axis}`, [coordinates], [axis.count], ([vx]) => ({
    dtype: "i64",
    out: [axis.count],
    finish: (b) => {
      const x = b.read(vx as View, [o(0)]);
      const whole = rounded(b, x, r.rounding, axis);
      const clamped = b.min(b.max(whole, b.f64(0)), b.f64(axis.extent - 1));
      const cell = b.op("i64.trunc_sat_f64_s", clamped);
      if (r.transformation !== "tf_crop_and_resize") return cell;
      return b.select(isOnInput(b, x, axis), cell, b.i64(-1));
    },
  }));
}

function rounded(b: BodyBuilder, x: Register, rounding: Rounding, axis: ResizedAxis): Register {
  switch (rounding) {
    case "round_prefer_floor":
      return b.op("f64.ceil", b.sub(x, b.f64(0.5)));
    case "round_prefer_ceil":
      return b.op("f64.floor", b.add(x, b.f64(0.5)));
    case "simple":
      return b.op(axis.to < axis.from ? "f64.ceil" : "f64.floor", x);
    default:
      return b.op(`f64.${rounding}`, x);
  }
}

/** Axes whose every cell is repeated: ⌊p ÷ scale⌋, which is affine in (cell, repeat). */
function isWholeStep({ transformation, rounding }: Resizing, axis: ResizedAxis): boolean {
  const scale = scaleOf(axis);
  if (!Number.isInteger(scale) || axis.count !== axis.extent * scale) return false;
  const down = rounding === "floor" || rounding === "simple";
  switch (transformation) {
    case "asymmetric":
    case "tf_half_pixel_for_nn":
      return down;
    // (p + 0.5) ÷ scale is no integer, and at least 0.5 ÷ scale away from one.
    case "half_pixel":
    case "half_pixel_symmetric":
    case "pytorch_half_pixel":
      return rounding === "round_prefer_floor" || rounding === "round_prefer_ceil";
    default:
      return false;
  }
}

function fitsSteps(r: Resizing): boolean {
  return layoutOf(r, r.axes).flatMap((a) => a.out).length <= LIMITS.rank;
}

interface Laid {
  /** The axis of X where it is one that is resized. */
  readonly axis?: number;
  readonly extent: number;
  /** Its output dims. */
  readonly out: readonly number[];
}

/** The axes of X, neighbours that stay as they are merged. */
function layoutOf(r: Resizing, steps: readonly ResizedAxis[]): Laid[] {
  const resized = new Map(r.axes.map((a) => [a.axis, a]));
  const laid: Laid[] = [];
  let still: number[] = [];
  const flush = (): void => {
    for (const { extent } of mergeWhole(still.map(wholeAxis))) laid.push({ extent, out: [extent] });
    still = [];
  };
  r.x.dims.forEach((extent, axis) => {
    const a = resized.get(axis);
    if (!a) {
      still.push(extent);
      return;
    }
    flush();
    laid.push({ axis, extent, out: steps.includes(a) ? [extent, scaleOf(a)] : [a.count] });
  });
  flush();
  return laid;
}
