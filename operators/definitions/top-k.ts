import { type DType, elementCount } from "../dtype.js";
import { type BodyBuilder, k, o, type Register, times, type View } from "../program/builder.js";
import { literal, zero } from "../program/literal.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  type Operand,
  requireDType,
  StageList,
  steeringInts,
  unsupported,
} from "./shared/context.js";
import { FLOATS, NUMBERS } from "./shared/elementwise.js";
import { winsOver } from "./shared/extremes.js";

/**
 * TopK: the k greatest (least with largest = 0) elements along `axis` and their positions, best
 * first. Elements are compared as numbers: −0 equals +0, NaN is greatest in either direction, of
 * equals the first comes first (rule 8). With sorted = 0 any order will do, and it is this one.
 *
 * The definition is rank by counting: the rank of an element is the number of elements that come
 * before it, and position r holds the element of rank r.
 *
 * Dtypes: X any number (before version 11 a float), values as X, indices i64; K one i64, steering.
 * Errors: `operator/invalid` where K is negative or larger than the axis; `operator/unsupported` from
 * 2^31 elements along the axis on.
 * Source: ONNX TopK, versions 1, 10, 11, 24.
 */
export const topK: OperatorDefinition = {
  domain: "",
  name: "TopK",
  versions: [1, 10, 11, 24],
  steering: [1],
  lower(context) {
    if (context.outputCount > 2) throw invalid(context, "has 2 outputs");
    const given = inputOperand(context, 0);
    requireDType(context, given, context.version < 11 ? FLOATS : NUMBERS);
    const axis = normalizeAxis(context, intAttribute(context, "axis", -1), given.dims.length);
    const count = countOf(context, given.dims[axis] as number);
    const largest = intAttribute(context, "largest", 1) !== 0;
    const x: Operand = {
      ...given,
      dims: [
        elementCount(given.dims.slice(0, axis)),
        given.dims[axis] as number,
        elementCount(given.dims.slice(axis + 1)),
      ],
    };
    const dims = given.dims.map((d, i) => (i === axis ? count : d));
    const out = x.dims.map((d, i) => (i === 1 ? count : d));
    const stages = new StageList();
    const indices = ofRank(stages, rankStage(stages, x, largest), out, dims);
    const values = stages.add("values", [x, { ...indices, dims: out }], dims, ([vx, vi]) => ({
      dtype: x.dtype,
      out,
      finish: (b) => {
        const at = b.read(vi as View, [o(0), o(1), o(2)]);
        return b.read(vx as View, [o(0), times(at), o(2)]);
      },
    }));
    return stages.lowering([values, indices].slice(0, context.outputCount));
  },
};

/** K: an attribute in version 1, an input of one element from version 10 on. */
function countOf(context: LoweringContext, extent: number): number {
  const given = context.version < 10 ? [intAttribute(context, "k")] : steeringInts(context, 1);
  const count = given?.[0];
  if (given?.length !== 1 || count === undefined) throw invalid(context, "takes one K");
  if (extent >= 2 ** 31) throw unsupported(context, `an axis of ${extent} elements`);
  if (count < 0 || count > extent) throw invalid(context, `K ${count} of ${extent} elements`);
  return count;
}

/** How many elements of the row come before each one. */
function rankStage(stages: StageList, x: Operand, largest: boolean): Operand {
  return stages.add("rank", [x], x.dims, ([view]) => ({
    dtype: "i32",
    out: x.dims,
    fold: [x.dims[1] as number],
    init: [zero("i32")],
    step: (s) => {
      const here = s.read(view as View, [o(0), o(1), o(2)]);
      const other = s.read(view as View, [o(0), k(0), o(2)]);
      const isEarlier = s.lt(s.coordinate(k(0)), s.coordinate(o(1)));
      const precedes = s.select(
        isEarlier,
        s.not(isBetter(s, x.dtype, largest, here, other)),
        isBetter(s, x.dtype, largest, other, here),
      );
      return [s.add(s.state(0), precedes)];
    },
    finish: (f) => f.state(0),
  }));
}

function isBetter(b: BodyBuilder, dtype: DType, largest: boolean, x: Register, y: Register) {
  return largest ? winsOver(b, dtype, "greatest", x, y) : winsOver(b, dtype, "greatest", y, x);
}

/** The position of the element of rank r in each row, at output coordinates `out`. */
function ofRank(
  stages: StageList,
  rank: Operand,
  out: readonly number[],
  dims: readonly number[],
): Operand {
  return stages.add("indices", [rank], dims, ([view]) => ({
    dtype: "i64",
    out,
    fold: [rank.dims[1] as number],
    init: [literal("i64", -1)],
    step: (s) => {
      const rankThere = s.read(view as View, [o(0), k(0), o(2)]);
      const isIt = s.eq(rankThere, s.op("i32.wrap_i64", s.coordinate(o(1))));
      return [s.select(isIt, s.coordinate(k(0)), s.state(0))];
    },
    finish: (f) => f.state(0),
  }));
}
