import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  intsAttribute,
  invalid,
  normalizeAxis,
  requireDType,
  StageList,
  steeringInts,
} from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";
import { wholeAxis } from "./shared/merge-axes.js";
import { stridedCopy } from "./shared/strided-copy.js";

/**
 * Split: consecutive pieces of the input along `axis` (0), one per output.
 *
 * Piece lengths: the attribute `split` before version 13, the second input from 13; else equal
 * pieces, where from version 18 (`num_outputs`) the last may be shorter.
 * Dtypes: any.
 * Errors: `operator/invalid` where lengths and outputs do not match the axis.
 * Source: ONNX Split, versions 2, 11, 13, 18.
 */
export const split: OperatorDefinition = {
  domain: "",
  name: "Split",
  versions: [2, 11, 13, 18],
  steering: [1],
  lower(context) {
    const operand = inputOperand(context, 0);
    requireDType(context, operand, ANY_DTYPE);
    const { dims } = operand;
    const axis = normalizeAxis(context, intAttribute(context, "axis", 0), dims.length);
    const lengths = pieceLengths(context, dims[axis] as number);
    const stages = new StageList();
    let start = 0;
    const outputs = lengths.map((count, i) => {
      const axes = dims.map((d, at) =>
        at === axis ? { ...wholeAxis(d), count, start } : wholeAxis(d),
      );
      start += count;
      return stridedCopy(stages, `output ${i}`, operand, axes);
    });
    return stages.lowering(outputs);
  },
};

function pieceLengths(context: LoweringContext, extent: number): number[] {
  const given = context.version < 13 ? intsAttribute(context, "split") : steeringInts(context, 1);
  const lengths = given ?? equalLengths(context, extent);
  const sum = lengths.reduce((a, b) => a + b, 0);
  if (lengths.some((n) => n < 0) || sum !== extent || lengths.length !== context.outputCount) {
    throw invalid(
      context,
      `${context.outputCount} outputs of lengths [${lengths}] do not split an axis of ${extent}`,
    );
  }
  return lengths;
}

function equalLengths(context: LoweringContext, extent: number): number[] {
  const pieces = intAttribute(context, "num_outputs", context.outputCount);
  if (pieces !== context.outputCount) {
    throw invalid(context, `num_outputs is ${pieces}, but there are ${context.outputCount}`);
  }
  const length = Math.ceil(extent / pieces);
  if (context.version < 18 && extent % pieces !== 0) {
    throw invalid(context, `an axis of ${extent} does not split into ${pieces} equal pieces`);
  }
  return Array.from({ length: pieces }, (_, i) =>
    Math.max(0, Math.min(length, extent - i * length)),
  );
}
