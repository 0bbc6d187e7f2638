import { elementCount } from "../dtype.js";
import { k, o, type View } from "../program/builder.js";
import { zero } from "../program/literal.js";
import type { OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  intsAttribute,
  invalid,
  type Operand,
  registerOf,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { laneFold } from "./shared/lanes.js";
import { intermediateOf } from "./shared/widen.js";
import { cell, leaves, onInput, type Window, windowOf } from "./shared/window.js";

/**
 * AveragePool: Y[n,c,s…] = fl(sum ÷ fl(cells)). The sum goes over 32 lanes (rule 10) by the row-major
 * position in the window, padding counted but adding nothing: it is read as +0, and a lane is never
 * −0. `cells` is the number of cells on the input or, with count_include_pad, inside the padded
 * extent, which leaves out what ceil_mode hangs over (rule 12). No cell at all gives NaN.
 * X [N,C,D1…D3], f32/f16/bf16/f64. Source: ONNX AveragePool-22.
 */
export const averagePool: OperatorDefinition = {
  domain: "",
  name: "AveragePool",
  versions: [1, 7, 10, 11, 19, 22],
  lower(context) {
    const x = inputOperand(context, 0);
    requireDType(context, x, FLOATS);
    if (context.outputCount > 1) throw invalid(context, "has one output");
    const kernel = intsAttribute(context, "kernel_shape");
    if (!kernel) throw invalid(context, "kernel_shape is missing");
    const window = windowOf(context, x.dims.slice(2), kernel);
    const includePad = intAttribute(context, "count_include_pad", 0) !== 0;
    const [batch = 0, channels = 0] = x.dims;
    const out = [batch, channels, ...window.output];
    const type = registerOf(x.dtype);
    const stages = new StageList();
    const cells = countCells(stages, window, includePad, x);
    const whole = coversInput(window);
    const mean = laneFold(stages, {
      name: "output",
      operands: [whole ? { ...x, dims: [batch, channels, elementCount(kernel)] } : x, ...cells],
      rows: whole ? [batch, channels] : out,
      extents: whole ? [elementCount(kernel)] : kernel,
      combine: "sum",
      dtype: intermediateOf(x.dtype),
      result: x.dtype,
      dims: out,
      element: (b, [vx], at) =>
        b.read(vx as View, [
          o(0),
          o(1),
          ...(whole ? at : at.map((c, i) => cell(window, i, 2 + i, c))),
        ]),
      finish: (b, sum, [, count]) =>
        b.div(
          sum,
          count
            ? b.read(
                count,
                kernel.map((_, i) => o(2 + i)),
              )
            : b.of(type, elementCount(kernel)),
        ),
    });
    return stages.lowering([mean]);
  },
};

/** One window, equal to the input: its cells lie in memory in the order of the fold. */
function coversInput(window: Window): boolean {
  return window.kernel.every(
    (extent, i) =>
      extent === window.input[i] &&
      window.output[i] === 1 &&
      window.begin[i] === 0 &&
      (window.dilations[i] === 1 || extent === 1),
  );
}

/** The number of counted cells per window as a tensor over the spatial dims, unless always all. */
function countCells(stages: StageList, window: Window, includePad: boolean, x: Operand): Operand[] {
  // Counting with padding is counting without on an input grown by its padding.
  const counted: Window = includePad
    ? {
        ...window,
        input: window.input.map(
          (d, i) => d + (window.begin[i] as number) + (window.end[i] as number),
        ),
        begin: window.begin.map(() => 0),
      }
    : window;
  const all = counted.kernel.every((_, i) => {
    const { before, after } = leaves(counted, i);
    return !before && !after;
  });
  if (all) return [];
  const cells = counted.kernel.map((_, i) => cell(counted, i, i, [k(i)]));
  return [
    stages.add("cells", [], counted.output, () => ({
      dtype: intermediateOf(x.dtype),
      out: counted.output,
      fold: counted.kernel,
      when: onInput(counted, cells),
      init: [zero("i64")],
      step: (s) => [s.add(s.state(0), s.i64(1))],
      finish: (f) =>
        f.op(x.dtype === "f64" ? "f64.convert_i64_s" : "f32.convert_i64_s", f.state(0)),
    })),
  ];
}
