import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { broadcastDims } from "./shared/broadcast.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  type Operand,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";
import { normalize, requireStashF32 } from "./shared/normalization.js";

/**
 * LayerNormalization: y = fl(fl(fl(d·r)·scale) + bias) over all axes from `axis` on, d = fl(x − mean),
 * r = rsqrt(fl(var + ε)) (rule 14); the second and third output are mean and r, f32.
 * RMSNormalization and SimplifiedLayerNormalization: y = fl(fl(x·r)·scale), r from the mean square;
 * the second output of SimplifiedLayerNormalization is r.
 * X, scale and bias f32/f16/bf16; scale and bias broadcast to X; Y as scale for RMSNormalization, as X
 * otherwise. f64 is unsupported (rsqrt, rule 1), so is a stash_type other than f32.
 * Source: ONNX LayerNormalization-17, RMSNormalization-23; ONNX Runtime, contributed operators.
 */
export const layerNormalization: OperatorDefinition = {
  domain: "",
  name: "LayerNormalization",
  versions: [1, 17],
  lower: (context) => lower(context, true, 3),
};

export const rmsNormalization: OperatorDefinition = {
  domain: "",
  name: "RMSNormalization",
  versions: [23],
  lower: (context) => lower(context, false, 1),
};

/** ONNX Runtime keeps it in the default domain; some exporters write com.microsoft. */
export const simplifiedLayerNormalization: OperatorDefinition = {
  domain: "",
  name: "SimplifiedLayerNormalization",
  versions: [1],
  lower: (context) => lower(context, false, 2),
};

export const simplifiedLayerNormalizationMicrosoft: OperatorDefinition = {
  ...simplifiedLayerNormalization,
  domain: "com.microsoft",
};

function lower(context: LoweringContext, centred: boolean, outputs: number) {
  requireStashF32(context);
  if (context.outputCount > outputs) throw invalid(context, `has at most ${outputs} outputs`);
  const x = inputOperand(context, 0);
  const scale = parameter(context, 1, x);
  const bias = centred && context.inputs[2] ? parameter(context, 2, x) : undefined;
  requireDType(context, x, FUNCTION_FLOATS);
  const axis = normalizeAxis(context, intAttribute(context, "axis", -1), x.dims.length);
  const stages = new StageList();
  const { y, mean, inverse } = normalize(stages, {
    x,
    axis,
    centred,
    epsilon: floatAttribute(context, "epsilon", 1e-5),
    scale,
    bias,
    dtype: centred ? x.dtype : scale.dtype,
    dims: x.dims,
  });
  return stages.lowering([y, ...(mean ? [mean] : []), inverse].slice(0, context.outputCount));
}

function parameter(context: LoweringContext, index: number, x: Operand): Operand {
  const t = inputOperand(context, index);
  requireDType(context, t, FUNCTION_FLOATS);
  if (broadcastDims(context, [x.dims, t.dims]).join() !== x.dims.join()) {
    throw invalid(context, `input ${index} [${t.dims}] does not broadcast to [${x.dims}]`);
  }
  return t;
}
