import { elementCount } from "../dtype.js";
import { k, o, type View } from "../program/builder.js";
import { literal } from "../program/literal.js";
import type { OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  registerOf,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { lowest, winsOver } from "./shared/extremes.js";

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
    const outer = elementCount(x.dims.slice(0, axis));
    const extent = flattens ? elementCount(x.dims.slice(axis)) : (x.dims[axis] as number);
    const inner = flattens ? 1 : elementCount(x.dims.slice(axis + 1));
    const view = [outer, extent, inner];
    const stages = new StageList();
    const position = stages.add("position", [x], [outer, inner], ([vx]) => ({
      dtype: "i64",
      out: [outer, inner],
      fold: [extent],
      init: [lowest(x.dtype), literal("i64", -1)],
      step: (s) => {
        const value = s.read({ ...(vx as View), dims: view }, [o(0), k(0), o(1)]);
        const [best, where] = [s.state(0), s.state(1)];
        const none = s.lt(where, s.i64(0));
        const take = s.or(none, winsOver(s, x.dtype, "greatest", value, best));
        return [s.select(take, value, best), s.select(take, s.coordinate(k(0)), where)];
      },
      finish: (f) => f.state(1),
    }));
    const y = stages.add("output", [position], x.dims, ([vp]) => ({
      dtype: x.dtype,
      out: view,
      finish: (b) => {
        const type = registerOf(x.dtype);
        const isFirst = b.eq(b.coordinate(o(1)), b.read(vp as View, [o(0), o(2)]));
        return b.select(isFirst, b.of(type, 1), b.of(type, 0));
      },
    }));
    return stages.lowering([y]);
  },
};
