import { k, o, type View } from "../program/builder.js";
import { zero } from "../program/literal.js";
import type { OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  registerOf,
  requireDType,
  single,
  steeringInts,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { type Coordinate, scaled } from "./shared/lanes.js";

/**
 * CumSum: y[i] = sum of x[0] … x[i] along an axis, sequential from +0 (rule 10); without x[i] itself
 * where `exclusive`, from the last element backward where `reverse`. Integers wrap.
 * X f32/f16/bf16/f64/i32/i64/u32/u64, the axis a steering scalar; Y as X. Source: ONNX CumSum-14.
 */
export const cumSum: OperatorDefinition = {
  domain: "",
  name: "CumSum",
  versions: [11, 14],
  steering: [1],
  lower(context) {
    const x = inputOperand(context, 0);
    requireDType(context, x, [...FLOATS, "i32", "i64", "u32", "u64"]);
    const given = steeringInts(context, 1);
    if (given?.length !== 1) throw invalid(context, "takes one axis");
    const axis = normalizeAxis(context, given[0] as number, x.dims.length);
    const extent = x.dims[axis] as number;
    const exclusive = intAttribute(context, "exclusive", 0) !== 0;
    const reverse = intAttribute(context, "reverse", 0) !== 0;
    const outer = x.dims.slice(0, axis).reduce((n, d) => n * d, 1);
    const inner = x.dims.slice(axis + 1).reduce((n, d) => n * d, 1);
    const out = [outer, extent, inner];
    const at: Coordinate = reverse ? [extent - 1, k(0, -1)] : [k(0)];
    const before: Coordinate = reverse
      ? [...at, o(1, -1), exclusive ? -1 : 0]
      : [o(1), ...scaled(at, -1), exclusive ? -1 : 0];
    return single(context, [x], x.dims, ([vx]) => ({
      dtype: x.dtype,
      out,
      fold: [extent],
      when: [before],
      init: [zero(registerOf(x.dtype))],
      step: (s) => [s.add(s.state(0), s.read({ ...(vx as View), dims: out }, [o(0), at, o(2)]))],
      finish: (f) => f.state(0),
    }));
  },
};
