import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intsAttribute,
  invalid,
  normalizeAxis,
  requireDType,
  StageList,
  steeringInts,
} from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";
import { type CopyAxis, wholeAxis } from "./shared/merge-axes.js";
import { stridedCopy } from "./shared/strided-copy.js";

/**
 * Slice: `x[start:end:step]` on some axes as in numpy: negative starts and ends count from the
 * end, both are clamped to the axis, steps may be negative.
 *
 * `starts`, `ends`, `axes` are attributes in version 1 and inputs from 10, which also adds `steps`.
 * Dtypes: any; the inputs i32 or i64.
 * Errors: `operator/invalid` where lengths differ, an axis repeats or a step is 0.
 * Source: ONNX Slice, versions 1, 10, 11, 13.
 */
export const slice: OperatorDefinition = {
  domain: "",
  name: "Slice",
  versions: [1, 10, 11, 13],
  steering: [1, 2, 3, 4],
  lower(context) {
    if (context.outputCount > 1) throw invalid(context, "has one output");
    const operand = inputOperand(context, 0);
    requireDType(context, operand, ANY_DTYPE);
    const stages = new StageList();
    return stages.lowering([
      stridedCopy(stages, "output", operand, sliceAxes(context, operand.dims)),
    ]);
  },
};

function sliceAxes(context: LoweringContext, dims: readonly number[]): CopyAxis[] {
  const list = (name: string, index: number): number[] | undefined =>
    context.version < 10 ? intsAttribute(context, name) : steeringInts(context, index);
  const starts = list("starts", 1);
  const ends = list("ends", 2);
  if (!starts || !ends) throw invalid(context, "starts and ends are required");
  const axes = list("axes", 3) ?? starts.map((_, i) => i);
  const steps = (context.version < 10 ? undefined : list("steps", 4)) ?? starts.map(() => 1);
  if ([ends, axes, steps].some((l) => l.length !== starts.length)) {
    throw invalid(context, "starts, ends, axes and steps differ in length");
  }
  const result = dims.map(wholeAxis);
  const seen = new Set<number>();
  axes.forEach((a, i) => {
    const axis = normalizeAxis(context, a, dims.length);
    if (seen.has(axis)) throw invalid(context, `axis ${axis} is sliced twice`);
    seen.add(axis);
    const step = steps[i] as number;
    if (step === 0) throw invalid(context, "a step is 0");
    result[axis] = sliceAxis(dims[axis] as number, starts[i] as number, ends[i] as number, step);
  });
  return result;
}

function sliceAxis(extent: number, start: number, end: number, step: number): CopyAxis {
  const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
  const clamp = (x: number): number => Math.min(Math.max(x < 0 ? x + extent : x, low), high);
  // A negative start of a backward slice that lies before the axis stays there: nothing is read.
  const first = clamp(start);
  const count = Math.max(0, Math.ceil((clamp(end) - first) / step));
  // With at most one element the step is never taken; it may be INT64_MAX.
  return { extent, count, start: count === 0 ? 0 : first, step: count > 1 ? step : 1 };
}
