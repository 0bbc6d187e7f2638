import type { View } from "../program/builder.js";
import { o } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { inputOperand, intsAttribute, invalid, requireDType, StageList } from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { laneFold } from "./shared/lanes.js";
import { powerNorm } from "./shared/power-norm.js";
import { elementIndex, rowsOf, seenAs } from "./shared/rows.js";
import { intermediateOf } from "./shared/widen.js";
import { cell, windowOf } from "./shared/window.js";

/**
 * LpPool: Y[n,c,s…] = the p-norm of the window's cells: the lane sum (rule 10) of |x|, fl(x·x) or
 * pow(|x|, p) by the row-major position in the window, padding counted but adding nothing, and of it
 * the value itself, the square root or pow(sum, fl(1 ÷ p)). GlobalLpPool: over all spatial axes.
 * X [N,C,D1…D3], GlobalLpPool [N,C,D1…]; f32/f16/bf16, and f64 where p is 1 or 2.
 * Source: ONNX LpPool, versions 1, 2, 11, 18, 22; GlobalLpPool, versions 1, 2, 22.
 */
export const lpPool: OperatorDefinition = {
  domain: "",
  name: "LpPool",
  versions: [1, 2, 11, 18, 22],
  lower(context) {
    const x = inputOperand(context, 0);
    requireDType(context, x, FLOATS);
    if (context.outputCount > 1) throw invalid(context, "has one output");
    const kernel = intsAttribute(context, "kernel_shape");
    if (!kernel) throw invalid(context, "kernel_shape is missing");
    const window = windowOf(context, x.dims.slice(2), kernel);
    const norm = powerNorm(context, x);
    const out = [...x.dims.slice(0, 2), ...window.output];
    const stages = new StageList();
    const y = laneFold(stages, {
      name: "output",
      operands: [x],
      rows: out,
      extents: kernel,
      combine: "sum",
      dtype: intermediateOf(x.dtype),
      result: x.dtype,
      // A cell in the padding is +0, and so is its power: a lane, never −0, keeps what it has.
      element: (b, [vx], at) =>
        norm.term(
          b,
          b.read(vx as View, [o(0), o(1), ...at.map((c, i) => cell(window, i, 2 + i, c))]),
        ),
      finish: norm.root,
    });
    return stages.lowering([y]);
  },
};

export const globalLpPool: OperatorDefinition = {
  domain: "",
  name: "GlobalLpPool",
  versions: [1, 2, 22],
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
    const norm = powerNorm(context, x);
    const stages = new StageList();
    const y = laneFold(stages, {
      name: "output",
      operands: [seenAs(x, rows)],
      rows: rows.kept,
      extents: rows.extents,
      combine: "sum",
      dtype: intermediateOf(x.dtype),
      result: x.dtype,
      dims: [...x.dims.slice(0, 2), ...spatial.map(() => 1)],
      element: (b, [vx], at) => norm.term(b, b.read(vx as View, elementIndex(rows, at))),
      finish: norm.root,
    });
    return stages.lowering([y]);
  },
};
