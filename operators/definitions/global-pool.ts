import { elementCount } from "../dtype.js";
import type { View } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { inputOperand, invalid, registerOf, requireDType, StageList } from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { type Combine, laneFold } from "./shared/lanes.js";
import { elementIndex, rowsOf, seenAs } from "./shared/rows.js";
import { intermediateOf } from "./shared/widen.js";

/**
 * GlobalAveragePool: Y[n,c] = fl(sum ÷ fl(cells)), the sum over 32 lanes of the row-major spatial
 * position (rules 10 and 12). GlobalMaxPool: the maximum (rule 8).
 * X [N,C,D1…], Y [N,C,1…]; f32/f16/bf16/f64. Source: ONNX GlobalAveragePool-22, GlobalMaxPool-22.
 */
export const globalAveragePool = globalPool("GlobalAveragePool", "sum");
export const globalMaxPool = globalPool("GlobalMaxPool", "max");

function globalPool(name: string, combine: Combine): OperatorDefinition {
  return {
    domain: "",
    name,
    versions: [1, 22],
    lower(context) {
      const x = inputOperand(context, 0);
      requireDType(context, x, FLOATS);
      if (context.outputCount > 1) throw invalid(context, "has one output");
      if (x.dims.length < 3) throw invalid(context, `X [${x.dims}] is not [N,C,D…]`);
      const spatial = x.dims.slice(2);
      const rows = rowsOf(
        x.dims,
        spatial.map((_, i) => 2 + i),
      );
      const stages = new StageList();
      const y = laneFold(stages, {
        name: "output",
        operands: [seenAs(x, rows)],
        rows: rows.kept,
        extents: rows.extents,
        combine,
        dtype: intermediateOf(x.dtype),
        result: x.dtype,
        dims: [...x.dims.slice(0, 2), ...spatial.map(() => 1)],
        element: (b, [vx], at) => b.read(vx as View, elementIndex(rows, at)),
        finish: (b, value) =>
          combine === "sum"
            ? b.div(value, b.of(registerOf(x.dtype), elementCount(spatial)))
            : value,
      });
      return stages.lowering([y]);
    },
  };
}
