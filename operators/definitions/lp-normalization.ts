import type { View } from "../program/builder.js";
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
import { laneFold } from "./shared/lanes.js";
import { powerNorm } from "./shared/power-norm.js";
import { elementIndex, rowOfElement, rowsOf, sameElement, seenAs } from "./shared/rows.js";
import { intermediateOf } from "./shared/widen.js";

/**
 * LpNormalization: y = fl(x ÷ norm) along `axis`, the norm the lane sum (rule 10) of |x| for p = 1, the
 * square root of that of fl(x·x) for p = 2; where it is 0, y = x.
 * X f32/f16/bf16/f64 of rank ≥ 1, Y as X. Source: ONNX LpNormalization, versions 1, 22.
 */
export const lpNormalization: OperatorDefinition = {
  domain: "",
  name: "LpNormalization",
  versions: [1, 22],
  lower(context) {
    const given = inputOperand(context, 0);
    requireDType(context, given, FLOATS);
    if (context.outputCount > 1) throw invalid(context, "has one output");
    const p = intAttribute(context, "p", 2);
    if (p !== 1 && p !== 2) throw invalid(context, `p = ${p} is not 1 or 2`);
    const axis = normalizeAxis(context, intAttribute(context, "axis", -1), given.dims.length);
    const rows = rowsOf(given.dims, [axis]);
    const x = seenAs(given, rows);
    const norm = powerNorm(context, x);
    const stages = new StageList();
    const norms = laneFold(stages, {
      name: "norm",
      operands: [x],
      rows: rows.kept,
      extents: rows.extents,
      combine: "sum",
      dtype: intermediateOf(x.dtype),
      element: (b, [vx], at) => norm.term(b, b.read(vx as View, elementIndex(rows, at))),
      finish: (b, sum) => {
        const value = norm.root(b, sum);
        const zero = b.of(value.type, 0);
        return b.select(b.eq(value, zero), b.of(value.type, 1), value);
      },
    });
    const y = stages.add("output", [x, norms], given.dims, ([vx, vn]) => ({
      dtype: x.dtype,
      out: rows.view,
      finish: (b) =>
        b.div(b.read(vx as View, sameElement(vx as View)), b.read(vn as View, rowOfElement(rows))),
    }));
    return stages.lowering([y]);
  },
};
