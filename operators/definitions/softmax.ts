import type { BodyBuilder, Register, View } from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  type Operand,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";
import { laneFold } from "./shared/lanes.js";
import {
  elementIndex,
  type Rows,
  rowOfElement,
  rowsOf,
  sameElement,
  seenAs,
} from "./shared/rows.js";

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
    const { x, dims, rows, stages, exp } = exponentials(context);
    const sum = rowSum(stages, exp, rows, "sum");
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
    const { x, dims, rows, stages, max, exp } = exponentials(context);
    const logSum = rowSum(stages, exp, rows, "log sum", (b, sum) => b.op("f32.log", sum));
    const y = stages.add("output", [x, max, logSum], dims, ([vx, vm, vl]) => ({
      dtype: x.dtype,
      out: rows.view,
      finish: (b) =>
        b.sub(shifted(b, rows, vx as View, vm as View), b.read(vl as View, rowOfElement(rows))),
    }));
    return stages.lowering([y]);
  },
};

/** The operand seen in rows, and the stages of m and e. */
function exponentials(context: LoweringContext) {
  if (context.outputCount > 1) throw invalid(context, "has one output");
  const given = inputOperand(context, 0);
  requireDType(context, given, FUNCTION_FLOATS);
  const flattens = context.version < 13;
  const axis = normalizeAxis(
    context,
    intAttribute(context, "axis", flattens ? 1 : -1),
    given.dims.length,
  );
  const axes = flattens ? given.dims.map((_, i) => i).slice(axis) : [axis];
  const rows = rowsOf(given.dims, axes);
  const stages = new StageList();
  const x = seenAs(given, rows);
  const max = laneFold(stages, {
    name: "max",
    operands: [x],
    rows: rows.kept,
    extents: rows.extents,
    combine: "max",
    dtype: "f32",
    element: (b, [vx], at) => b.read(vx as View, elementIndex(rows, at)),
  });
  const exp = stages.add("exp", [x, max], rows.view, ([vx, vm]) => ({
    dtype: "f32",
    out: rows.view,
    finish: (b) => b.op("f32.exp", shifted(b, rows, vx as View, vm as View)),
  }));
  return { x, dims: given.dims, rows, stages, max, exp };
}

/** Lane sum of e per row. */
function rowSum(
  stages: StageList,
  exp: Operand,
  rows: Rows,
  name: string,
  finish: (b: BodyBuilder, sum: Register) => Register = (_, sum) => sum,
): Operand {
  return laneFold(stages, {
    name,
    operands: [exp],
    rows: rows.kept,
    extents: rows.extents,
    combine: "sum",
    dtype: "f32",
    element: (b, [ve], at) => b.read(ve as View, elementIndex(rows, at)),
    finish,
  });
}

/** fl(x − m) at output coordinates `rows.view`. */
function shifted(b: BodyBuilder, rows: Rows, x: View, max: View): Register {
  return b.sub(b.read(x, sameElement(x)), b.read(max, rowOfElement(rows)));
}
