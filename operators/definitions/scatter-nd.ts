import { elementCount, stridesOf } from "../dtype.js";
import { k, o, times, type View } from "../program/builder.js";
import { literal } from "../program/literal.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "./definition.js";
import { axisPosition } from "./shared/axis-position.js";
import { inputOperand, invalid, type Operand, requireDType, StageList } from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";
import { accumulate, type Reduction, reductionOf } from "./shared/reduced-updates.js";

/**
 * ScatterND: the last axis of indices holds leading indices of data; y = data, then for every such
 * index, row-major, the slice y[index] becomes the slice of updates there, or y[index] ∘ update.
 *
 * Without a reduction the last update of a slice wins. With add, mul, min or max updates are folded in
 * from data on, in order; integers wrap, min and max as in rule 8. A negative index counts from the
 * end; an update that lies outside data is dropped.
 *
 * As stages: where each update goes ("target", −1 outside), which is the last that hits a slice
 * ("last"), then a copy, so that the search runs once per slice; reductions fold over all updates.
 *
 * Dtypes: data and updates any, alike (with a reduction numbers); indices i64.
 * Errors: `operator/invalid` where dims do not fit.
 * Source: ONNX ScatterND, versions 11, 13, 16, 18.
 */
export const scatterND: OperatorDefinition = {
  domain: "",
  name: "ScatterND",
  versions: [11, 13, 16, 18],
  lower(context) {
    if (context.outputCount > 1) throw invalid(context, "has one output");
    const reduction = reductionOf(context);
    const slices = slicesOf(context);
    const stages = new StageList();
    const target = targetStage(stages, context, slices);
    return reduction === "none"
      ? lastOfSlice(stages, slices, target)
      : reducedSlice(stages, context, slices, target, reduction);
  },
};

interface Slices {
  /** Dims of the whole, and those that an index addresses. */
  readonly dims: readonly number[];
  readonly addressed: readonly number[];
  /** [slices, elements of a slice]. */
  readonly data: Operand;
  /** [updates, elements of a slice]. */
  readonly updates: Operand;
}

function slicesOf(context: LoweringContext): Slices {
  const [data, indices, updates] = [0, 1, 2].map((i) => inputOperand(context, i)) as [
    Operand,
    Operand,
    Operand,
  ];
  requireDType(context, data, ANY_DTYPE);
  requireDType(context, indices, ["i64"]);
  requireDType(context, updates, [data.dtype]);
  const depth = indices.dims.at(-1) ?? 0;
  const expected = [...indices.dims.slice(0, -1), ...data.dims.slice(depth)];
  const fits = depth >= 1 && depth <= data.dims.length && expected.join() === updates.dims.join();
  if (!fits) {
    throw invalid(
      context,
      `indices [${indices.dims}], updates [${updates.dims}], data [${data.dims}]`,
    );
  }
  const addressed = data.dims.slice(0, depth);
  const length = elementCount(data.dims.slice(depth));
  const count = elementCount(indices.dims.slice(0, -1));
  return {
    dims: data.dims,
    addressed,
    data: { ...data, dims: [elementCount(addressed), length] },
    updates: { ...updates, dims: [count, length] },
  };
}

/** Per update the row-major position of its slice, or −1 where an index lies outside. */
function targetStage(stages: StageList, context: LoweringContext, slices: Slices): Operand {
  const { addressed, updates } = slices;
  const count = updates.dims[0] as number;
  const indices = { ...inputOperand(context, 1), dims: [count, addressed.length] };
  const strides = stridesOf(addressed);
  return stages.add("target", [indices], [count], ([view]) => ({
    dtype: "i64",
    out: [count],
    finish: (b) => {
      const parts = addressed.map((extent, i) => {
        const at = axisPosition(b, b.read(view as View, [o(0), i]), extent);
        return {
          inside: b.op("i64.lt_u", at, b.i64(extent)),
          offset: b.mul(at, b.i64(strides[i] as number)),
        };
      });
      const all = parts.reduce((x, y) => ({
        inside: b.and(x.inside, y.inside),
        offset: b.add(x.offset, y.offset),
      }));
      return b.select(all.inside, all.offset, b.i64(-1));
    },
  }));
}

function lastOfSlice(stages: StageList, slices: Slices, target: Operand): Lowering {
  const { dims, data, updates } = slices;
  const count = data.dims[0] as number;
  const last = stages.add("last", [target], [count], ([view]) => ({
    dtype: "i64",
    out: [count],
    fold: [updates.dims[0] as number],
    init: [literal("i64", -1)],
    step: (s) => {
      const hits = s.eq(s.read(view as View, [k(0)]), s.coordinate(o(0)));
      return [s.select(hits, s.coordinate(k(0)), s.state(0))];
    },
    finish: (f) => f.state(0),
  }));
  const y = stages.add("output", [data, updates, last], dims, ([vd, vu, vl]) => ({
    dtype: data.dtype,
    out: data.dims,
    finish: (b) => {
      const at = b.read(vl as View, [o(0)]);
      const update = b.read(vu as View, [times(at), o(1)]);
      return b.select(b.lt(at, b.i64(0)), b.read(vd as View, [o(0), o(1)]), update);
    },
  }));
  return stages.lowering([y]);
}

function reducedSlice(
  stages: StageList,
  context: LoweringContext,
  slices: Slices,
  target: Operand,
  reduction: Reduction,
): Lowering {
  const { dims, data, updates } = slices;
  const y = stages.add("output", [data, updates, target], dims, ([vd, vu, vt]) => ({
    dtype: data.dtype,
    out: data.dims,
    fold: [updates.dims[0] as number],
    ...accumulate(context, data.dtype, reduction, {
      start: (b) => b.read(vd as View, [o(0), o(1)]),
      update: (b) => b.read(vu as View, [k(0), o(1)]),
      hits: (b) => b.eq(b.read(vt as View, [k(0)]), b.coordinate(o(0))),
    }),
  }));
  return stages.lowering([y]);
}
