import { elementCount } from "../dtype.js";
import { k, o, times, type View } from "../program/builder.js";
import { literal, zero } from "../program/literal.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  type Operand,
  requireDType,
  StageList,
} from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";
import { knownValue } from "./shared/known-value.js";

/**
 * Compress: the slices along `axis` (elements of the flattened input without one) where the condition
 * is true, in order. Positions beyond the condition count as false.
 *
 * Two stages: the position of each slice that is kept, and the copy.
 *
 * Dtypes: any; the condition a bool vector, steering.
 * Errors: `graph/data-dependent` where the condition is only known at run time; `operator/invalid`
 * where it is true beyond the axis or no vector.
 * Source: ONNX Compress, versions 9, 11.
 */
export const compress: OperatorDefinition = {
  domain: "",
  name: "Compress",
  versions: [9, 11],
  steering: [1],
  lower(context) {
    if (context.outputCount > 1) throw invalid(context, "has one output");
    const x = inputOperand(context, 0);
    const condition = inputOperand(context, 1);
    requireDType(context, x, ANY_DTYPE);
    requireDType(context, condition, ["bool"]);
    if (condition.dims.length !== 1) throw invalid(context, `condition [${condition.dims}]`);
    const given = intAttribute(context, "axis");
    const whole = given === undefined ? [elementCount(x.dims)] : x.dims;
    const axis = given === undefined ? 0 : normalizeAxis(context, given, x.dims.length);
    const extent = whole[axis] as number;
    const kept = keptPositions(context);
    if (kept.some((at) => at >= extent)) throw invalid(context, `true beyond axis of ${extent}`);
    const [outer, inner] = [
      elementCount(whole.slice(0, axis)),
      elementCount(whole.slice(axis + 1)),
    ];
    const stages = new StageList();
    const position = positionStage(stages, condition, kept.length);
    const dims = whole.map((d, i) => (i === axis ? kept.length : d));
    const y = stages.add("output", [x, position], dims, ([vx, vp]) => ({
      dtype: x.dtype,
      out: [outer, kept.length, inner],
      finish: (b) => {
        const at = times(b.read(vp as View, [o(1)]));
        return b.read({ ...(vx as View), dims: [outer, extent, inner] }, [o(0), at, o(2)]);
      },
    }));
    return stages.lowering([y]);
  },
};

/** Where the condition is true for the o-th time: a fold that counts, and remembers. */
function positionStage(stages: StageList, condition: Operand, count: number): Operand {
  return stages.add("position", [condition], [count], ([view]) => ({
    dtype: "i64",
    out: [count],
    fold: condition.dims,
    init: [zero("i64"), literal("i64", -1)],
    step: (s) => {
      const flag = s.read(view as View, [k(0)]);
      const isIt = s.and(flag, s.eq(s.state(0), s.coordinate(o(0))));
      return [
        s.add(s.state(0), s.op("i64.extend_i32_u", flag)),
        s.select(isIt, s.coordinate(k(0)), s.state(1)),
      ];
    },
    finish: (f) => f.state(1),
  }));
}

function keptPositions(context: LoweringContext): number[] {
  return [...knownValue(context, 1).bytes].flatMap((flag, i) => (flag ? [i] : []));
}
