import type { DType } from "../dtype.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { broadcastDims, broadcastIndex } from "./shared/broadcast.js";
import {
  floatAttribute,
  inputOperand,
  invalid,
  type Operand,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";
import { mergeBroadcast } from "./shared/merge-axes.js";
import { normalize } from "./shared/normalization.js";

/**
 * SkipLayerNormalization, SkipSimplifiedLayerNormalization: the norm over the last axis (rule 14; the
 * simplified one without mean and beta) of s = fl(fl(input + skip) + bias). Outputs: y, the mean (of the
 * simplified one +0), the inverse deviation, s. s is f32 between input and output (rule 5).
 *
 * Operands: input [batch, sequence, hidden] or [tokens, hidden]; skip broadcasts to it; gamma, beta
 * (simplified: none) and bias [hidden].
 * Dtypes: f32, f16, bf16, alike; mean and inverse deviation f32.
 * Errors: `operator/invalid` where dims do not fit.
 * Source: com.microsoft SkipLayerNormalization, SkipSimplifiedLayerNormalization, version 1.
 */
export const skipLayerNormalization = skipNorm("SkipLayerNormalization", true);
export const skipSimplifiedLayerNormalization = skipNorm("SkipSimplifiedLayerNormalization", false);

function skipNorm(name: string, centred: boolean): OperatorDefinition {
  return {
    domain: "com.microsoft",
    name,
    versions: [1],
    lower(context) {
      if (context.outputCount > 4) throw invalid(context, "has at most 4 outputs");
      const x = inputOperand(context, 0);
      requireDType(context, x, FUNCTION_FLOATS);
      const summands = [x, optional(context, 1, x), optional(context, centred ? 4 : 3, x)];
      const stages = new StageList();
      const sum = sumStage(stages, summands, "f32");
      const { y, mean, inverse } = normalize(stages, {
        x: sum,
        axis: x.dims.length - 1,
        centred,
        epsilon: floatAttribute(context, "epsilon", 1e-12),
        scale: required(context, 2, x),
        bias: centred ? optional(context, 3, x) : undefined,
        dtype: x.dtype,
        dims: x.dims,
      });
      const outputs = [y];
      if (context.outputCount > 1) outputs.push(mean ?? noMean(stages, inverse), inverse);
      if (context.outputCount > 3) {
        outputs.push(x.dtype === "f32" ? sum : sumStage(stages, summands, x.dtype));
      }
      return stages.lowering(outputs.slice(0, context.outputCount));
    },
  };
}

function sumStage(
  stages: StageList,
  given: readonly (Operand | undefined)[],
  dtype: DType,
): Operand {
  const summands = given.filter((t) => t !== undefined);
  const { dims } = summands[0] as Operand;
  const merged = mergeBroadcast(
    dims,
    summands.map((t) => t.dims),
  );
  const seen = summands.map((t, i): Operand => ({ ...t, dims: merged.operands[i] ?? t.dims }));
  return stages.add(dtype === "f32" ? "sum" : "stored sum", seen, dims, (views) => ({
    dtype,
    out: merged.out,
    finish: (b) =>
      views
        .map((v) => b.read(v, broadcastIndex(v, merged.out.length)))
        .reduce((x, y) => b.add(x, y)),
  }));
}

/** Output 1 of the norm that has no mean. */
function noMean(stages: StageList, { dims }: Operand): Operand {
  return stages.add("mean", [], dims, () => ({ dtype: "f32", out: dims, finish: (b) => b.f32(0) }));
}

function optional(context: LoweringContext, index: number, x: Operand): Operand | undefined {
  return context.inputs[index] ? required(context, index, x) : undefined;
}

function required(context: LoweringContext, index: number, x: Operand): Operand {
  const t = inputOperand(context, index);
  requireDType(context, t, [x.dtype]);
  if (broadcastDims(context, [x.dims, t.dims]).join() !== x.dims.join()) {
    throw invalid(context, `input ${index} [${t.dims}] does not broadcast to [${x.dims}]`);
  }
  return t;
}
