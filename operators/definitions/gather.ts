import { elementCount } from "../dtype.js";
import {
  type BodyBuilder,
  o,
  type Register,
  type Term,
  times,
  type View,
} from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { axisPosition } from "./shared/axis-position.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  type Operand,
  requireDType,
  single,
} from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";

/**
 * Reads at positions that the second input holds.
 *
 * Gather: slices along `axis` (0): y[outer…, i…, inner…] = data[outer…, indices[i…], inner…].
 * GatherElements: y[i…] = data[i… with the index on `axis` replaced by indices[i…]].
 * GatherND: the last axis of indices holds leading indices, after `batch_dims` (0) shared axes.
 * A negative index counts from the end; one outside the axis in either direction reads 0 (rule 3).
 * Dtypes: data any; indices i32 or i64 (GatherND: i64).
 * Errors: `operator/invalid` where axes, ranks or dims do not fit.
 * Source: ONNX Gather, versions 1, 11, 13; GatherElements, versions 11, 13; GatherND, versions 11,
 * 12, 13.
 */
export const gather: OperatorDefinition = {
  domain: "",
  name: "Gather",
  versions: [1, 11, 13],
  lower(context) {
    const { data, indices } = gatherOperands(context);
    const axis = normalizeAxis(context, intAttribute(context, "axis", 0), data.dims.length);
    const extent = data.dims[axis] as number;
    const before = data.dims.slice(0, axis);
    const after = data.dims.slice(axis + 1);
    const outer = elementCount(before);
    const count = elementCount(indices.dims);
    const inner = elementCount(after);
    const dims = [...before, ...indices.dims, ...after];
    return single(context, [data, indices], dims, ([from, at]) => ({
      dtype: data.dtype,
      out: [outer, count, inner],
      finish(b) {
        const index = b.read({ ...(at as View), dims: [count] }, [o(1)]);
        const view = { ...(from as View), dims: [outer, extent, inner] };
        return b.read(view, [o(0), position(b, index, extent), o(2)]);
      },
    }));
  },
};

export const gatherElements: OperatorDefinition = {
  domain: "",
  name: "GatherElements",
  versions: [11, 13],
  lower(context) {
    const { data, indices } = gatherOperands(context);
    const axis = normalizeAxis(context, intAttribute(context, "axis", 0), data.dims.length);
    const fits =
      indices.dims.length === data.dims.length &&
      indices.dims.every((d, i) => i === axis || d <= (data.dims[i] as number));
    if (!fits) throw invalid(context, `indices [${indices.dims}] do not fit [${data.dims}]`);
    return single(context, [data, indices], indices.dims, ([from, at]) => ({
      dtype: data.dtype,
      out: indices.dims,
      finish(b) {
        const here = indices.dims.map((_, i) => o(i));
        const index = b.read(at as View, here);
        const there = position(b, index, data.dims[axis] as number);
        return b.read(
          from as View,
          here.map((term, i) => (i === axis ? there : term)),
        );
      },
    }));
  },
};

export const gatherND: OperatorDefinition = {
  domain: "",
  name: "GatherND",
  versions: [11, 12, 13],
  lower(context) {
    const { data, indices } = gatherOperands(context);
    const batch = intAttribute(context, "batch_dims", 0);
    const depth = indices.dims.at(-1) ?? 0;
    const shared = data.dims.slice(0, batch);
    const fits =
      batch >= 0 &&
      batch < indices.dims.length &&
      depth > 0 &&
      batch + depth <= data.dims.length &&
      shared.every((d, i) => d === indices.dims[i]);
    if (!fits) throw invalid(context, `indices [${indices.dims}] do not fit [${data.dims}]`);
    const extents = data.dims.slice(batch, batch + depth);
    const rest = data.dims.slice(batch + depth);
    const middle = indices.dims.slice(batch, -1);
    const out = [shared, middle, rest].map(elementCount) as [number, number, number];
    return single(context, [data, indices], [...shared, ...middle, ...rest], ([from, at]) => ({
      dtype: data.dtype,
      out,
      finish(b) {
        const list = { ...(at as View), dims: [out[0], out[1], depth] };
        const there = extents.map((extent, i) =>
          position(b, b.read(list, [o(0), o(1), i]), extent),
        );
        const view = { ...(from as View), dims: [out[0], ...extents, out[2]] };
        return b.read(view, [o(0), ...there, o(2)]);
      },
    }));
  },
};

function gatherOperands(context: LoweringContext): {
  readonly data: Operand;
  readonly indices: Operand;
} {
  const data = inputOperand(context, 0);
  const indices = inputOperand(context, 1);
  requireDType(context, data, ANY_DTYPE);
  requireDType(context, indices, ["i32", "i64"]);
  return { data, indices };
}

/** The index as a position on an axis of `extent`; what is outside stays outside. */
function position(b: BodyBuilder, index: Register, extent: number): Term {
  return times(axisPosition(b, index, extent));
}
