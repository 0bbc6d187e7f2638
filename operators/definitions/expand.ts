import type { Register } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { broadcastDims, broadcastIndex } from "./shared/broadcast.js";
import { inputOperand, invalid, requireDType, single, steeringInts } from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";
import { mergeBroadcast } from "./shared/merge-axes.js";

/**
 * Expand: the input broadcast with `shape`, in both directions: a 1 in shape keeps the input's dim.
 *
 * Dtypes: any; shape i64.
 * Errors: `operator/invalid` where the shapes do not broadcast.
 * Source: ONNX Expand, versions 8, 13.
 */
export const expand: OperatorDefinition = {
  domain: "",
  name: "Expand",
  versions: [8, 13],
  steering: [1],
  lower(context) {
    const operand = inputOperand(context, 0);
    requireDType(context, operand, ANY_DTYPE);
    const shape = steeringInts(context, 1);
    if (!shape || shape.some((d) => d < 0)) throw invalid(context, "shape has no negative dims");
    const dims = broadcastDims(context, [operand.dims, shape]);
    const merged = mergeBroadcast(dims, [operand.dims]);
    return single(context, [operand], dims, (views) => ({
      dtype: operand.dtype,
      out: merged.out,
      finish: (b): Register => {
        const view = {
          source: 0,
          dtype: operand.dtype,
          ...views[0],
          dims: merged.operands[0] ?? [],
        };
        return b.read(view, broadcastIndex(view, merged.out.length));
      },
    }));
  },
};
