import type { OperatorDefinition } from "./definition.js";
import { inputOperand, requireDType } from "./shared/context.js";
import { convolution } from "./shared/convolution.js";
import { integerSum, requantisedSum } from "./shared/integer-contraction.js";

/**
 * ConvInteger: Y[n,g,m,s…] = Σ over (channel, kernel…) of (X − x_zero_point)·(W − w_zero_point), i32;
 * a cell of padding contributes nothing (rule 9).
 * QLinearConv: the same sum plus the bias B, times fl(fl(x_scale · w_scale) ÷ y_scale), quantised
 * (rule 16).
 *
 * X [N,C,D1…D3] and W [M,C/group,k1…k3] u8 or i8, each of its own; B i32 [M]. Scales f32; zero points of
 * the dtype of what they belong to. Both have one element, those of W also one per output channel.
 * ConvInteger's zero points may be left out, which is 0. Y i32, or the dtype of y_zero_point.
 * Source: ONNX ConvInteger-10, QLinearConv-10.
 */
export const convInteger: OperatorDefinition = {
  domain: "",
  name: "ConvInteger",
  versions: [10],
  lower: (context) => integerSum(context, convolution),
};

export const qLinearConv: OperatorDefinition = {
  domain: "",
  name: "QLinearConv",
  versions: [10],
  lower: (context) =>
    requantisedSum(context, convolution, (c, reads) => {
      if (!context.inputs[8]) return undefined;
      const bias = inputOperand(context, 8);
      requireDType(context, bias, ["i32"]);
      return c.perMap(reads, bias);
    }),
};
