import { k, o, type View } from "../program/builder.js";
import { literal } from "../program/literal.js";
import type { OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { lowest, winsOver } from "./shared/extremes.js";
import { elementIndex, rowOfElement, rowsOf } from "./shared/rows.js";

/**
 * Hardmax: 1 at the greatest element of a row, the first of equals, and 0 elsewhere; −0 equals +0, NaN
 * is greatest (rule 8, arg-max). The row is one axis from version 13 on (the last); before, it is all
 * dims from `axis` (1) on, flattened.
 * X f32/f16/bf16/f64 of rank ≥ 1, Y as X. Source: ONNX Hardmax, versions 1, 11, 13.
 */
export const hardmax: OperatorDefinition = {
  domain: "",
  name: "Hardmax",
  versions: [1, 11, 13],
  lower(context) {
    const x = inputOperand(context, 0);
    requireDType(context, x, FLOATS);
    if (context.outputCount > 1) throw invalid(context, "has one output");
    const flattens = context.version < 13;
    const fallback = flattens ? 1 : -1;
    const axis = normalizeAxis(context, intAttribute(context, "axis", fallback), x.dims.length);
    const rows = rowsOf(x.dims, flattens ? x.dims.map((_, i) => i).slice(axis) : [axis]);
    const stages = new StageList();
    const position = stages.add("position", [x], rows.kept, ([vx]) => ({
      dtype: "i64",
      out: rows.kept,
      fold: rows.extents,
      init: [lowest(x.dtype), literal("i64", -1)],
      step: (s) => {
        const view = { ...(vx as View), dims: rows.view };
        // Neighbouring axes are one: a row has one merged dim, or none where it has one element.
        const here = rows.extents.map((_, i) => [k(i)]);
        const value = s.read(view, elementIndex(rows, here));
        const [best, where] = [s.state(0), s.state(1)];
        const none = s.lt(where, s.i64(0));
        const take = s.or(none, winsOver(s, x.dtype, "greatest", value, best));
        return [s.select(take, value, best), s.select(take, s.coordinate(here[0] ?? 0), where)];
      },
      finish: (f) => f.state(1),
    }));
    const y = stages.add("output", [position], x.dims, ([vp]) => ({
      dtype: x.dtype,
      out: rows.view,
      finish: (b) => {
        const at = rows.reduced.indexOf(true);
        const here = b.coordinate(at < 0 ? 0 : o(at));
        const one = b.of(x.dtype === "f64" ? "f64" : "f32", 1);
        const zero = b.of(one.type, 0);
        return b.select(b.eq(here, b.read(vp as View, rowOfElement(rows))), one, zero);
      },
    }));
    return stages.lowering([y]);
  },
};
