import { type BodyBuilder, k, o, type Register, type View } from "../program/builder.js";
import { zero } from "../program/literal.js";
import { type ResizedAxis, scaleOf } from "./resize-axes.js";
import { coordinateStage } from "./resize-coordinate.js";
import type { Resizing } from "./resize-request.js";
import type { Operand, StageList } from "./shared/context.js";

/**
 * Which cells of an axis an output cell is made of, and with which weights, all in f64.
 *
 *   x       the coordinate; for linear without antialias clamped to [0, D − 1]
 *   taps    q = ⌊x⌋ + first + t for t = 0 … 1 − 2·first, first = 1 + ⌊−support ÷ s⌋, the support 1
 *           (linear) or 2 (cubic), s = min(fl64(to ÷ from), 1) with antialias,
 *           else 1
 *   weight  K(|q − x| · s); linear K(d) = max(0, 1 − d); cubic, A the coefficient,
 *           d ≤ 1: ((A + 2)·d − (A + 3))·d·d + 1;  d < 2: ((A·d − 5A)·d + 8A)·d − 4A;  else 0
 *   outside a weight is +0 with exclude_outside, which changes nothing for plain linear
 *   sum     with antialias or exclude_outside weights are divided by their sum, t ascending from +0
 *
 * A weight is then rounded once to the arithmetic of the interpolation; a tap outside the input reads
 * the nearest cell of it.
 */
export interface Taps {
  readonly count: number;
  /** i64 [cells of the output, count]. */
  readonly positions: Operand;
  /** f32 or f64 [cells of the output, count]. */
  readonly weights: Operand;
  /** f64 [cells of the output], not clamped. */
  readonly coordinates: Operand;
}

export function tapsOf(stages: StageList, r: Resizing, axis: ResizedAxis): Taps {
  const window = windowOf(r, axis);
  const coordinates = coordinateStage(stages, axis, r.transformation, r.roi);
  const dims = [axis.count, window.count];
  const positions = stages.add(`cells ${axis.axis}`, [coordinates], dims, ([vx]) => ({
    dtype: "i64",
    out: dims,
    finish: (b) => {
      const q = tap(b, window, b.coordinate(o(1)), sample(b, r, axis, vx as View));
      const clamped = b.min(b.max(q, b.f64(0)), b.f64(axis.extent - 1));
      return b.op("i64.trunc_sat_f64_s", clamped);
    },
  }));
  const weights = weightStages(stages, r, axis, window, coordinates);
  return { count: window.count, positions, weights, coordinates };
}

interface Window {
  readonly first: number;
  readonly count: number;
  /** What distances are multiplied by. */
  readonly shrink: number;
}

function windowOf(r: Resizing, axis: ResizedAxis): Window {
  const shrink = r.antialias ? Math.min(scaleOf(axis), 1) : 1;
  const first = 1 + Math.floor(-(r.mode === "cubic" ? 2 : 1) / shrink);
  return { first, count: 2 - 2 * first, shrink };
}

/** The coordinate of output cell o(0) from which taps are counted. */
function sample(b: BodyBuilder, r: Resizing, axis: ResizedAxis, coordinates: View): Register {
  const x = b.read(coordinates, [o(0)]);
  if (r.mode === "cubic" || r.antialias) return x;
  return b.min(b.max(x, b.f64(0)), b.f64(axis.extent - 1));
}

function tap(b: BodyBuilder, window: Window, t: Register, x: Register): Register {
  const offset = b.op("f64.convert_i64_s", b.add(t, b.i64(window.first)));
  return b.add(b.op("f64.floor", x), offset);
}

function weightStages(
  stages: StageList,
  r: Resizing,
  axis: ResizedAxis,
  window: Window,
  coordinates: Operand,
): Operand {
  const { count } = axis;
  const excludes = r.excludeOutside && (r.mode === "cubic" || r.antialias);
  const weigh = (b: BodyBuilder, vx: View): Register => {
    const x = sample(b, r, axis, vx);
    const q = tap(b, window, b.coordinate(o(1)), x);
    const distance = b.mul(b.op("f64.abs", b.sub(q, x)), b.f64(window.shrink));
    const weight = r.mode === "cubic" ? cubic(b, distance, r.cubicA) : linear(b, distance);
    if (!excludes) return weight;
    const inside = b.and(b.le(b.f64(0), q), b.le(q, b.f64(axis.extent - 1)));
    return b.select(inside, weight, b.f64(0));
  };
  const dims = [count, window.count];
  const rounded = (b: BodyBuilder, weight: Register): Register =>
    r.arithmetic === "f64" ? weight : b.op("f32.demote_f64", weight);
  if (!r.antialias && !excludes) {
    return stages.add(`weights ${axis.axis}`, [coordinates], dims, ([vx]) => ({
      dtype: r.arithmetic,
      out: dims,
      finish: (b) => rounded(b, weigh(b, vx as View)),
    }));
  }
  const raw = stages.add(`raw weights ${axis.axis}`, [coordinates], dims, ([vx]) => ({
    dtype: "f64",
    out: dims,
    finish: (b) => weigh(b, vx as View),
  }));
  const sum = stages.add(`weight sums ${axis.axis}`, [raw], [count], ([vw]) => ({
    dtype: "f64",
    out: [count],
    fold: [window.count],
    init: [zero("f64")],
    step: (s) => [s.add(s.state(0), s.read(vw as View, [o(0), k(0)]))],
    finish: (f) => f.state(0),
  }));
  return stages.add(`weights ${axis.axis}`, [raw, sum], dims, ([vw, vs]) => ({
    dtype: r.arithmetic,
    out: dims,
    finish: (b) => rounded(b, b.div(b.read(vw as View, [o(0), o(1)]), b.read(vs as View, [o(0)]))),
  }));
}

function linear(b: BodyBuilder, d: Register): Register {
  return b.max(b.f64(0), b.sub(b.f64(1), d));
}

function cubic(b: BodyBuilder, d: Register, a: number): Register {
  const near = b.sub(b.mul(b.f64(a + 2), d), b.f64(a + 3));
  const far = b.add(b.mul(b.sub(b.mul(b.f64(a), d), b.f64(5 * a)), d), b.f64(8 * a));
  return b.select(
    b.le(d, b.f64(1)),
    b.add(b.mul(b.mul(near, d), d), b.f64(1)),
    b.select(b.lt(d, b.f64(2)), b.sub(b.mul(far, d), b.f64(4 * a)), b.f64(0)),
  );
}
