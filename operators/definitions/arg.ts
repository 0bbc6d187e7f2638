import { k, type View } from "../program/builder.js";
import { literal } from "../program/literal.js";
import type { OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  requireDType,
  single,
} from "./shared/context.js";
import { NUMBERS } from "./shared/elementwise.js";
import { lowest, winsOver } from "./shared/extremes.js";
import { elementIndex, reducedDims, rowsOf } from "./shared/rows.js";

/**
 * ArgMax, ArgMin: position along `axis` of the greatest (least) element, compared as numbers: −0
 * equals +0, NaN is greatest (least for ArgMin), the first of equals wins; with select_last_index the
 * last (rule 8). An axis without elements is refused (rule 11).
 * X any number dtype, Y i64. Source: ONNX ArgMax-13, ArgMin-13.
 */
export const argMax = arg("ArgMax", "greatest");
export const argMin = arg("ArgMin", "least");

function arg(name: string, which: "greatest" | "least"): OperatorDefinition {
  return {
    domain: "",
    name,
    versions: [1, 11, 12, 13],
    lower(context) {
      const x = inputOperand(context, 0);
      requireDType(context, x, NUMBERS);
      const axis = normalizeAxis(context, intAttribute(context, "axis", 0), x.dims.length);
      const extent = x.dims[axis] as number;
      if (extent === 0) throw invalid(context, `axis ${axis} has no elements`);
      const last = intAttribute(context, "select_last_index", 0) !== 0;
      const keep = intAttribute(context, "keepdims", 1) !== 0;
      // From the last element backward, the first that wins strictly is the last of equals.
      const position = last ? [extent - 1, k(0, -1)] : [k(0)];
      const rows = rowsOf(x.dims, [axis]);
      return single(context, [x], reducedDims(x.dims, [axis], keep), ([vx]) => ({
        dtype: "i64",
        out: rows.kept,
        fold: [extent],
        init: [lowest(x.dtype), literal("i64", -1)],
        step: (s) => {
          const view = { ...(vx as View), dims: rows.view };
          const value = s.read(view, elementIndex(rows, [position]));
          const [best, where] = [s.state(0), s.state(1)];
          const none = s.lt(where, s.i64(0));
          const take = s.or(none, winsOver(s, x.dtype, which, value, best));
          return [s.select(take, value, best), s.select(take, s.coordinate(position), where)];
        },
        finish: (f) => f.state(1),
      }));
    },
  };
}
