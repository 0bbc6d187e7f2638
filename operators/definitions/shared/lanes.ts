import { DTYPES, type DType, elementCount, isFloat } from "../../dtype.js";
import {
  type BodyBuilder,
  k,
  o,
  type Register,
  type Term,
  type View,
} from "../../program/builder.js";
import { zero } from "../../program/literal.js";
import type { StageAxis } from "../definition.js";
import type { Operand, StageList } from "./context.js";
import { highest, larger, lowest, smaller } from "./extremes.js";

/**
 * Folds over 32 lanes and a tree (rule 10), and maxima the same way.
 *
 * Element i of the row-major fold coordinate goes to lane i mod 32, ascending; each lane starts at
 * the identity; the lanes meet as l with l+16, then +8, +4, +2, +1. That is two element programs: an
 * intermediate […, 32] and the tree.
 *
 * A fold of n ≤ 32 elements is one program without the intermediate, with the same bits: every lane
 * holds at most one element, +0 + x. No lane and no partial sum is ever −0 (a sum is −0 only if both
 * terms are), so a partner that is an unused lane, +0, changes nothing and is left out. For the same
 * reason the initial +0 is needed on lane 0 alone: elsewhere it could only turn a partial −0 into +0,
 * which the chain from lane 0, never −0, absorbs. Max and min do not depend on order (rule 8).
 */

export const LANES = 32;

export type Combine = "sum" | "max" | "min";

/** A coordinate as a sum of terms, so that it can be scaled and shifted into an index. */
export type Coordinate = readonly Term[];

/** `factor ·` coordinate. */
export function scaled(coordinate: Coordinate, factor: number): Coordinate {
  return coordinate.map((t) =>
    typeof t === "number" ? t * factor : { ...t, coefficient: t.coefficient * factor },
  );
}

export interface LaneFold {
  /** Name of the result; the intermediate is "<name> lanes". */
  readonly name: string;
  readonly operands: readonly Operand[];
  /** Output coordinates of one result each. */
  readonly rows: readonly number[];
  /** Dims of the fold coordinate, row-major. */
  readonly extents: readonly number[];
  readonly combine: Combine;
  /** Dtype that is combined: of the intermediate, and of what `finish` sees. */
  readonly dtype: DType;
  /** Dtype of the result; `dtype` unless given. */
  readonly result?: DType;
  /** Dims of the result where they are not `rows`. */
  readonly dims?: readonly number[];
  /** Names of the coordinates of a result, for people. */
  readonly axes?: readonly StageAxis[];
  /** The element at output coordinates o(0) … and fold coordinate `at`. */
  element(b: BodyBuilder, views: readonly View[], at: readonly Coordinate[]): Register;
  /** Applied once to the combined value; may read at the output coordinates. */
  finish?(b: BodyBuilder, combined: Register, views: readonly View[]): Register;
}

/** Adds the stages of a fold and yields its result. */
export function laneFold(stages: StageList, spec: LaneFold): Operand {
  const count = elementCount(spec.extents);
  return count <= LANES ? straight(stages, spec, count) : lanesThenTree(stages, spec, count);
}

function straight(stages: StageList, spec: LaneFold, count: number): Operand {
  const program = (views: readonly View[]) => ({
    dtype: spec.result ?? spec.dtype,
    out: spec.rows,
    finish: (b: BodyBuilder) => {
      const lanes = Array.from({ length: count }, (_, i) =>
        spec.element(b, views, digitsOf(i, spec.extents)),
      );
      if (lanes[0] && spec.combine === "sum" && isFloat(spec.dtype)) {
        lanes[0] = b.add(b.constant(zero(lanes[0].type)), lanes[0]);
      }
      return finished(b, spec, tree(b, spec, lanes), views);
    },
  });
  return stages.add(spec.name, spec.operands, spec.dims ?? spec.rows, program, spec.axes);
}

function lanesThenTree(stages: StageList, spec: LaneFold, count: number): Operand {
  const at = spec.rows.length;
  const innermost = spec.extents.at(-1) as number;
  const whole = innermost % LANES === 0;
  // Where 32 divides the innermost extent, i mod 32 is that of its innermost digit: all is affine.
  const fold = whole
    ? [...spec.extents.slice(0, -1), innermost / LANES]
    : [Math.ceil(count / LANES)];
  const laneAxes = spec.axes && [...spec.axes, { name: "lane", size: LANES }];
  const laneDims = [...spec.rows, LANES];
  const program = (views: readonly View[]) => ({
    dtype: spec.dtype,
    out: laneDims,
    fold,
    when: count % LANES === 0 ? [] : [[count - 1, k(0, -LANES), o(at, -1)]],
    init: [identity(spec)],
    step: (b: BodyBuilder) => {
      const last: Coordinate = [k(fold.length - 1, LANES), o(at)];
      const outer = fold.slice(0, -1).map((_, i): Coordinate => [k(i)]);
      const coordinate =
        whole || spec.extents.length === 1 ? [...outer, last] : digits(b, last, spec.extents);
      return [combine(b, spec, b.state(0), spec.element(b, views, coordinate))];
    },
    finish: (b: BodyBuilder) => b.state(0),
  });
  const lanes = stages.add(`${spec.name} lanes`, spec.operands, laneDims, program, laneAxes);
  const rowIndex = spec.rows.map((_, i) => o(i));
  return stages.add(
    spec.name,
    [lanes, ...spec.operands],
    spec.dims ?? spec.rows,
    ([of, ...views]) => ({
      dtype: spec.result ?? spec.dtype,
      out: spec.rows,
      finish: (b) => {
        const values = Array.from({ length: LANES }, (_, l) =>
          b.read(of as View, [...rowIndex, l]),
        );
        return finished(b, spec, tree(b, spec, values), views);
      },
    }),
    spec.axes,
  );
}

/** Lanes l and l+16, then +8, +4, +2, +1; a partner beyond the last lane is left out. */
function tree(b: BodyBuilder, spec: LaneFold, lanes: readonly Register[]): Register {
  let level = [...lanes];
  for (let distance = LANES / 2; distance >= 1; distance /= 2) {
    level = level.slice(0, distance).map((left, l) => {
      const right = level[l + distance];
      return right ? combine(b, spec, left, right) : left;
    });
  }
  return level[0] ?? b.constant(identity(spec));
}

function finished(b: BodyBuilder, spec: LaneFold, value: Register, views: readonly View[]) {
  return spec.finish ? spec.finish(b, value, views) : value;
}

function identity(spec: LaneFold) {
  if (spec.combine === "max") return lowest(spec.dtype);
  if (spec.combine === "min") return highest(spec.dtype);
  return zero(DTYPES[spec.dtype].register);
}

function combine(b: BodyBuilder, spec: LaneFold, x: Register, y: Register): Register {
  if (spec.combine === "max") return larger(b, spec.dtype, x, y);
  if (spec.combine === "min") return smaller(b, spec.dtype, x, y);
  return b.add(x, y);
}

/** Row-major digits of a known position. */
function digitsOf(position: number, extents: readonly number[]): Coordinate[] {
  const found: Coordinate[] = [];
  let rest = position;
  for (const extent of [...extents].reverse()) {
    found.unshift([rest % extent]);
    rest = Math.floor(rest / extent);
  }
  return found;
}

/** Row-major digits of an affine position, by integer division. */
function digits(b: BodyBuilder, position: Coordinate, extents: readonly number[]): Coordinate[] {
  const found: Coordinate[] = [];
  let rest = b.coordinate(position);
  for (let axis = extents.length - 1; axis > 0; axis--) {
    const extent = b.i64(extents[axis] as number);
    found.unshift([register(b.op("i64.rem_u", rest, extent))]);
    rest = b.op("i64.div_u", rest, extent);
  }
  found.unshift([register(rest)]);
  return found;
}

const register = (r: Register): Term => ({ register: r.register, coefficient: 1 });
