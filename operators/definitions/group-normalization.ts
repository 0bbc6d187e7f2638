import { elementCount } from "../dtype.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "./definition.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";
import { normalize, requireStashF32 } from "./shared/normalization.js";

/**
 * GroupNormalization: y = fl(fl(fl(d·r)·scale) + bias), statistics over the channels of a group and all
 * spatial axes (rule 14). Scale and bias are per channel, before version 21 per group.
 * InstanceNormalization: the same with every channel a group of its own.
 * X [N,C,D…], scale and bias f32/f16/bf16; Y as X. f64 is unsupported (rsqrt, rule 1).
 * Source: ONNX GroupNormalization-21, InstanceNormalization-22.
 */
export const groupNormalization: OperatorDefinition = {
  domain: "",
  name: "GroupNormalization",
  versions: [18, 21],
  lower(context) {
    requireStashF32(context);
    const groups = intAttribute(context, "num_groups");
    if (groups === undefined) throw invalid(context, "num_groups is missing");
    return lower(context, groups, context.version >= 21);
  },
};

export const instanceNormalization: OperatorDefinition = {
  domain: "",
  name: "InstanceNormalization",
  versions: [1, 6, 22],
  lower: (context) => lower(context, inputOperand(context, 0).dims[1] ?? 1, true),
};

function lower(context: LoweringContext, groups: number, perChannel: boolean): Lowering {
  if (context.outputCount > 1) throw invalid(context, "has one output");
  const x = inputOperand(context, 0);
  requireDType(context, x, FUNCTION_FLOATS);
  const [batch, channels] = x.dims;
  if (batch === undefined || channels === undefined || x.dims.length < 3) {
    throw invalid(context, `X [${x.dims}] is not [N,C,D…]`);
  }
  if (groups < 1 || channels % groups !== 0) {
    throw invalid(context, `${channels} channels in ${groups} groups`);
  }
  const parameterDims = [groups, perChannel ? channels / groups : 1, 1];
  const parameter = (index: number) => {
    const t = inputOperand(context, index);
    requireDType(context, t, FUNCTION_FLOATS);
    if (t.dims.join() !== String(elementCount(parameterDims))) {
      throw invalid(context, `input ${index} [${t.dims}] for ${channels} channels`);
    }
    return { ...t, dims: parameterDims };
  };
  const stages = new StageList();
  const { y } = normalize(stages, {
    x: { ...x, dims: [batch, groups, channels / groups, elementCount(x.dims.slice(2))] },
    axis: 2,
    centred: true,
    epsilon: floatAttribute(context, "epsilon", 1e-5),
    scale: parameter(1),
    bias: parameter(2),
    dtype: x.dtype,
    dims: x.dims,
  });
  return stages.lowering([y]);
}
