import { elementCount } from "../dtype.js";
import { k, o, type Term, type View } from "../program/builder.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "./definition.js";
import { axisPosition, nowhere } from "./shared/axis-position.js";
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
import { accumulate, type Reduction, reductionOf } from "./shared/reduced-updates.js";

/**
 * Scatter, ScatterElements: y = data, then for every position of `indices`, row-major,
 * y[position with the index on `axis`] becomes the update there, or y ∘ update with a reduction.
 *
 * Without a reduction the last update of an element wins. With add, mul, min or max updates are
 * folded in from the element of data on, in order; integers wrap, min and max as in rule 8. A
 * negative index counts from the end; an update outside the axis is dropped.
 *
 * Only updates on the element's own line along `axis` can hit it, so the fold runs over that line.
 *
 * Dtypes: data and updates any, alike (with a reduction numbers); indices i32 or i64.
 * Errors: `operator/invalid` where dims do not fit.
 * Source: ONNX Scatter, versions 9, 11; ScatterElements, versions 11, 13, 16, 18.
 */
export const scatterElements = scatterOf("ScatterElements", [11, 13, 16, 18]);
export const scatter = scatterOf("Scatter", [9, 11]);

function scatterOf(name: string, versions: readonly number[]): OperatorDefinition {
  return {
    domain: "",
    name,
    versions,
    lower(context) {
      const reduction = name === "Scatter" ? "none" : reductionOf(context);
      return scattered(context, lineOf(context), reduction);
    },
  };
}

interface Line {
  readonly data: Operand;
  readonly indices: Operand;
  readonly updates: Operand;
  readonly axis: number;
}

/** The operands with few axes: outer, line, inner where all lines of data have updates. */
function lineOf(context: LoweringContext): Line {
  const [data, indices, updates] = [0, 1, 2].map((i) => inputOperand(context, i)) as [
    Operand,
    Operand,
    Operand,
  ];
  requireDType(context, data, ANY_DTYPE);
  requireDType(context, indices, ["i32", "i64"]);
  requireDType(context, updates, [data.dtype]);
  const axis = normalizeAxis(context, intAttribute(context, "axis", 0), data.dims.length);
  const fits =
    indices.dims.join() === updates.dims.join() &&
    indices.dims.length === data.dims.length &&
    indices.dims.every((d, i) => i === axis || d <= (data.dims[i] as number));
  if (!fits) {
    throw invalid(
      context,
      `indices [${indices.dims}], updates [${updates.dims}], data [${data.dims}]`,
    );
  }
  const covers = indices.dims.every((d, i) => i === axis || d === data.dims[i]);
  if (!covers) return { data, indices, updates, axis };
  const three = (t: Operand): Operand => ({
    ...t,
    dims: [
      elementCount(t.dims.slice(0, axis)),
      t.dims[axis] as number,
      elementCount(t.dims.slice(axis + 1)),
    ],
  });
  return { data: three(data), indices: three(indices), updates: three(updates), axis: 1 };
}

/** The output coordinate with `at` on the axis. */
function onLine({ data, axis }: Line, at: Term): Term[] {
  return data.dims.map((_, i) => (i === axis ? at : o(i)));
}

function scattered(context: LoweringContext, line: Line, reduction: Reduction): Lowering {
  const { data, indices, updates, axis } = line;
  const dims = inputOperand(context, 0).dims;
  return single(context, [data, indices, updates], dims, ([vd, vi, vu]) => ({
    dtype: data.dtype,
    out: data.dims,
    fold: [indices.dims[axis] as number],
    ...accumulate(context, data.dtype, reduction, {
      start: (b) => b.read(vd as View, onLine(line, o(axis))),
      update: (b) => b.read(vu as View, onLine(line, k(0))),
      hits: (b) => {
        const index = b.read(vi as View, onLine(line, k(0)), nowhere(indices));
        return b.eq(axisPosition(b, index, data.dims[axis] as number), b.coordinate(o(axis)));
      },
    }),
  }));
}
