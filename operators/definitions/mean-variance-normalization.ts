import { elementCount } from "../dtype.js";
import type { BodyBuilder, Register, View } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intsAttribute,
  invalid,
  normalizeAxis,
  registerOf,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { laneFold } from "./shared/lanes.js";
import { squareRoot } from "./shared/power-norm.js";
import {
  elementIndex,
  rowIndex,
  rowOfElement,
  rowsOf,
  sameElement,
  seenAs,
} from "./shared/rows.js";
import { intermediateOf } from "./shared/widen.js";

/** What ONNX adds to the deviation, as a binary32. */
const EPSILON = Math.fround(1e-9);

/**
 * MeanVarianceNormalization over `axes` (0, 2 and 3): d = fl(x − mean), mean = fl(lane sum ÷ fl(n)),
 * deviation = fl(√fl(lane sum of fl(d·d) ÷ fl(n)) + 1e−9), y = fl(d ÷ deviation) (rules 10, 12, 14).
 * X f32/f16/bf16/f64, Y as X. Source: ONNX MeanVarianceNormalization, versions 9, 13.
 */
export const meanVarianceNormalization: OperatorDefinition = {
  domain: "",
  name: "MeanVarianceNormalization",
  versions: [9, 13],
  lower(context) {
    const given = inputOperand(context, 0);
    requireDType(context, given, FLOATS);
    if (context.outputCount > 1) throw invalid(context, "has one output");
    const rank = given.dims.length;
    const axes = (intsAttribute(context, "axes") ?? [0, 2, 3]).map((a) =>
      normalizeAxis(context, a, rank),
    );
    if (new Set(axes).size !== axes.length) throw invalid(context, `axes [${axes}] repeat`);
    const rows = rowsOf(given.dims, axes);
    const x = seenAs(given, rows);
    const type = registerOf(x.dtype);
    const count = (b: BodyBuilder): Register => b.of(type, elementCount(rows.extents));
    const stages = new StageList();
    const fold = {
      rows: rows.kept,
      extents: rows.extents,
      combine: "sum",
      dtype: intermediateOf(x.dtype),
    } as const;
    const mean = laneFold(stages, {
      ...fold,
      name: "mean",
      operands: [x],
      element: (b, [vx], at) => b.read(vx as View, elementIndex(rows, at)),
      finish: (b, sum) => b.div(sum, count(b)),
    });
    const deviation = laneFold(stages, {
      ...fold,
      name: "deviation",
      operands: [x, mean],
      element: (b, [vx, vm], at) => {
        const value = b.read(vx as View, elementIndex(rows, at));
        const d = b.sub(value, b.read(vm as View, rowIndex(rows)));
        return b.mul(d, d);
      },
      finish: (b, sum) => b.add(squareRoot(b, b.div(sum, count(b))), b.of(type, EPSILON)),
    });
    const y = stages.add("output", [x, mean, deviation], given.dims, ([vx, vm, vd]) => ({
      dtype: x.dtype,
      out: rows.view,
      finish: (b) => {
        const row = rowOfElement(rows);
        const d = b.sub(b.read(vx as View, sameElement(vx as View)), b.read(vm as View, row));
        return b.div(d, b.read(vd as View, row));
      },
    }));
    return stages.lowering([y]);
  },
};
