import type { DType } from "../dtype.js";
import { elementCount, stridesOf } from "../dtype.js";
import { type BodyBuilder, k, o, type Register, type View } from "../program/builder.js";
import { literal } from "../program/literal.js";
import type { OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  intsAttribute,
  invalid,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { larger, lowest, winsOver } from "./shared/extremes.js";
import { type Coordinate, scaled } from "./shared/lanes.js";
import { cell, onInput, windowOf } from "./shared/window.js";

/**
 * MaxPool: Y[n,c,s…] = max over the window's cells that lie on the input (rule 8); padding is
 * skipped, so a window of padding alone gives −∞ or the least integer (rule 11).
 * Indices (optional, i64): flat position in X of the cell that wins, the first of equals; −0 equals
 * +0 and NaN is greatest, as for arg-max; −1 where the window is padding alone. storage_order 1 counts
 * the spatial dims column-major.
 * X [N,C,D1…D3], f32/f16/bf16/f64/i8/u8. Source: ONNX MaxPool-22.
 */
export const maxPool: OperatorDefinition = {
  domain: "",
  name: "MaxPool",
  versions: [1, 8, 10, 11, 12, 22],
  lower(context) {
    const x = inputOperand(context, 0);
    requireDType(context, x, [...FLOATS, "i8", "u8"]);
    const spatial = x.dims.slice(2);
    const kernel = intsAttribute(context, "kernel_shape");
    if (!kernel) throw invalid(context, "kernel_shape is missing");
    if (context.outputCount > 2) throw invalid(context, "has two outputs");
    const window = windowOf(context, spatial, kernel);
    const out = [...x.dims.slice(0, 2), ...window.output];
    const cells = spatial.map((_, i) => cell(window, i, 2 + i, [k(i)]));
    const fold = { out, fold: kernel, when: onInput(window, cells) };
    const read = (b: BodyBuilder, view: View) => b.read(view, [o(0), o(1), ...cells]);

    const stages = new StageList();
    const y = stages.add("output", [x], out, ([vx]) => ({
      dtype: x.dtype,
      ...fold,
      init: [lowest(x.dtype)],
      step: (s) => [larger(s, x.dtype, s.state(0), read(s, vx as View))],
      finish: (f) => f.state(0),
    }));
    if (context.outputCount < 2) return stages.lowering([y]);

    const columnMajor = intAttribute(context, "storage_order", 0) !== 0;
    const indices = stages.add("indices", [x], out, ([vx]) => ({
      dtype: "i64",
      ...fold,
      init: [lowest(x.dtype), literal("i64", -1)],
      step: (s) =>
        firstGreatest(s, x.dtype, read(s, vx as View), position(x.dims, cells, columnMajor)),
      finish: (f) => f.state(1),
    }));
    return stages.lowering([y, indices]);
  },
};

/** State: the greatest so far and where it was, −1 before the first. */
function firstGreatest(s: BodyBuilder, dtype: DType, value: Register, at: Coordinate): Register[] {
  const [best, where] = [s.state(0), s.state(1)];
  const none = s.lt(where, s.i64(0));
  const take = s.or(none, winsOver(s, dtype, "greatest", value, best));
  return [s.select(take, value, best), s.select(take, s.coordinate(at), where)];
}

/** Flat position in X of a cell. */
function position(
  dims: readonly number[],
  cells: readonly Coordinate[],
  columnMajor: boolean,
): Coordinate {
  const spatial = dims.slice(2);
  const plane = elementCount(spatial);
  const strides = columnMajor
    ? [...stridesOf([...spatial].reverse())].reverse()
    : stridesOf(spatial);
  return [
    o(0, (dims[1] as number) * plane),
    o(1, plane),
    ...cells.flatMap((c, i) => scaled(c, strides[i] as number)),
  ];
}
