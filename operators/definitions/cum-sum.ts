import { elementCount } from "../dtype.js";
import { type BodyBuilder, k, o, type Register, type View } from "../program/builder.js";
import { literal } from "../program/literal.js";
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
 * where `exclusive`, from the last element backward where `reverse`. CumProd: the product, from 1.
 * Integers wrap.
 * X f32/f16/bf16/f64/i32/i64/u32/u64, the axis a steering scalar; Y as X.
 * Source: ONNX CumSum, versions 11, 14; CumProd, version 26.
 */
export const cumSum = cumulative("CumSum", [11, 14], 0, (b, x, y) => b.add(x, y));
export const cumProd = cumulative("CumProd", [26], 1, (b, x, y) => b.mul(x, y));

function cumulative(
  name: string,
  versions: readonly number[],
  start: number,
  combine: (b: BodyBuilder, x: Register, y: Register) => Register,
): OperatorDefinition {
  return {
    domain: "",
    name,
    versions,
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
      const outer = elementCount(x.dims.slice(0, axis));
      const inner = elementCount(x.dims.slice(axis + 1));
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
        init: [literal(registerOf(x.dtype), start)],
        step: (s) => {
          const value = s.read({ ...(vx as View), dims: out }, [o(0), at, o(2)]);
          return [combine(s, s.state(0), value)];
        },
        finish: (f) => f.state(0),
      }));
    },
  };
}
