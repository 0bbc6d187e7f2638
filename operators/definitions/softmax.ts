import type { BodyBuilder, Register, View } from "../program/builder.js";
import {
  inputOperand,
  intAttribute,
  normalizeAxis,
  type Operand,
  requireDType,
  StageList,
} from "./context.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { FUNCTION_FLOATS } from "./elementwise.js";
import { laneFold } from "./lanes.js";
import {
  elementIndex,
  type Rows,
  rowIndex,
  rowOfElement,
  rowsOf,
  sameElement,
  seenAs,
} from "./rows.js";

/**
 * Softmax: m = max, e = exp(fl(x − m)), s = lane sum of e, y = fl(e ÷ s) (rule 13); a row of all −∞
 * gives NaN. LogSoftmax: y = fl(fl(x − m) − log(s)) with the same m and s.
 * The row is one axis from version 13; before, it is all dims from `axis` on, flattened.
 * X f32/f16/bf16 of rank ≥ 1, Y as X; f64 is unsupported (exp, rule 1).
 * Source: ONNX Softmax-13, LogSoftmax-13.
 */
export const softmax: OperatorDefinition = {
  domain: "",
  name: "Softmax",
  versions: [1, 11, 13],
  lower(context) {
    const { x, dims, rows, stages, max } = prepare(context);
    const exp = stages.add("exp", [x, max], x.dims, ([vx, vm]) => ({
      dtype: "f32",
      out: rows.view,
      finish: (b) => b.op("f32.exp", shifted(b, rows, vx as View, vm as View)),
    }));
    const sum = laneFold(stages, {
      name: "sum",
      operands: [exp],
      rows: rows.kept,
      extents: rows.extents,
      combine: "sum",
      dtype: "f32",
      element: (b, [ve], at) => b.read(ve as View, elementIndex(rows, at)),
    });
    const y = stages.add("output", [exp, sum], dims, ([ve, vs]) => ({
      dtype: x.dtype,
      out: rows.view,
      finish: (b) =>
        b.div(b.read(ve as View, sameElement(ve as View)), b.read(vs as View, rowOfElement(rows))),
    }));
    return stages.lowering([y]);
  },
};

export const logSoftmax: OperatorDefinition = {
  domain: "",
  name: "LogSoftmax",
  versions: [1, 11, 13],
  lower(context) {
    const { x, dims, rows, stages, max } = prepare(context);
    const logSum = laneFold(stages, {
      name: "log sum",
      operands: [x, max],
      rows: rows.kept,
      extents: rows.extents,
      combine: "sum",
      dtype: "f32",
      element: (b, [vx, vm], at) => {
        const value = b.read(vx as View, elementIndex(rows, at));
        return b.op("f32.exp", b.sub(value, b.read(vm as View, rowIndex(rows))));
      },
      finish: (b, sum) => b.op("f32.log", sum),
    });
    const y = stages.add("output", [x, max, logSum], dims, ([vx, vm, vl]) => ({
      dtype: x.dtype,
      out: rows.view,
      finish: (b) =>
        b.sub(shifted(b, rows, vx as View, vm as View), b.read(vl as View, rowOfElement(rows))),
    }));
    return stages.lowering([y]);
  },
};

/** The operand seen in rows, and the stage of the rows' maxima. */
function prepare(context: LoweringContext) {
  const given = inputOperand(context, 0);
  requireDType(context, given, FUNCTION_FLOATS);
  const rank = given.dims.length;
  const flattens = context.version < 13;
  const axis = normalizeAxis(context, intAttribute(context, "axis", flattens ? 1 : -1), rank);
  const axes = flattens ? given.dims.map((_, i) => i).slice(axis) : [axis];
  const rows = rowsOf(given.dims, axes);
  const stages = new StageList();
  const x: Operand = seenAs(given, rows);
  const max = laneFold(stages, {
    name: "max",
    operands: [x],
    rows: rows.kept,
    extents: rows.extents,
    combine: "max",
    dtype: "f32",
    element: (b, [vx], at) => b.read(vx as View, elementIndex(rows, at)),
  });
  return { x, dims: given.dims, rows, stages, max };
}

/** fl(x − m) at output coordinates `rows.view`. */
function shifted(b: BodyBuilder, rows: Rows, x: View, max: View): Register {
  return b.sub(b.read(x, sameElement(x)), b.read(max, rowOfElement(rows)));
}
