import { k, o, type View } from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  invalid,
  type Operand,
  requireDType,
  StageList,
  stringAttribute,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";
import { multiplyAdd } from "./shared/multiply-add.js";
import { sigmoidOf } from "./sigmoid.js";

/**
 * CausalConvWithState: each channel of `input`, preceded by the last k − 1 cells of the past, convolved
 * with its own kernel: acc the fold over the kernel of multiply-add of the cell and the weight,
 * ascending (rule 9), + bias after the fold, and for activation silu (swish) v · sigmoid(v) (rule 7).
 * Without `past_state` the past is +0, which is multiplied and added. `present_state` is the last
 * k − 1 cells of past and input.
 * Input [B,C,L], weight [C,1,k], bias [C] and past_state [B,C,k−1] optional; f32/f16/bf16 of one dtype.
 * Source: ONNX CausalConvWithState, version 27.
 */
export const causalConvWithState: OperatorDefinition = {
  domain: "",
  name: "CausalConvWithState",
  versions: [27],
  lower(context) {
    if (context.outputCount > 2) throw invalid(context, "has two outputs");
    const { x, weight, bias, past } = operandsOf(context);
    const activation = stringAttribute(context, "activation", "none");
    if (!["none", "silu", "swish"].includes(activation)) {
      throw invalid(context, `activation "${activation}"`);
    }
    const [batch, channels, length] = x.dims as [number, number, number];
    const kernel = weight.dims[2] as number;
    const stages = new StageList();
    const cells = past ? precededBy(stages, x, past) : x;
    const before = past ? 0 : kernel - 1;
    const operands = bias ? [cells, weight, bias] : [cells, weight];
    const y = stages.add("output", operands, x.dims, ([vx, vw, vb]) => ({
      dtype: x.dtype,
      out: [batch, channels, length],
      fold: [kernel],
      ...multiplyAdd("f32", (s) => [
        s.read(vx as View, [o(0), o(1), [o(2), k(0), -before]]),
        s.read(vw as View, [o(1), 0, k(0)]),
      ]),
      finish: (f) => {
        const v = vb ? f.add(f.state(0), f.read(vb, [o(1)])) : f.state(0);
        return activation === "none" ? v : f.mul(v, sigmoidOf(f, v));
      },
    }));
    if (context.outputCount < 2) return stages.lowering([y]);
    const state = [batch, channels, kernel - 1];
    const present = stages.add("present", [cells], state, ([vx]) => ({
      dtype: x.dtype,
      out: state,
      finish: (b) => b.read(vx as View, [o(0), o(1), [o(2), length - before]]),
    }));
    return stages.lowering([y, present]);
  },
};

function operandsOf(context: LoweringContext) {
  const x = inputOperand(context, 0);
  const weight = inputOperand(context, 1);
  requireDType(context, x, FUNCTION_FLOATS);
  const [batch, channels] = x.dims;
  const kernel = weight.dims[2];
  const fits = x.dims.length === 3 && weight.dims.join() === `${channels},1,${kernel}`;
  if (!fits || kernel === undefined || kernel < 1) {
    throw invalid(context, `input [${x.dims}] and weight [${weight.dims}] do not fit`);
  }
  const optional = (index: number, dims: readonly (number | undefined)[]): Operand | undefined => {
    if (!context.inputs[index]) return undefined;
    const t = inputOperand(context, index);
    if (t.dims.join() === dims.join()) return t;
    throw invalid(context, `input ${index} is [${t.dims}] instead of [${dims}]`);
  };
  const bias = optional(2, [channels]);
  const past = optional(3, [batch, channels, kernel - 1]);
  for (const t of [weight, bias, past]) {
    if (t && t.dtype !== x.dtype) throw invalid(context, `mixes ${x.dtype} and ${t.dtype}`);
  }
  return { x, weight, bias, past };
}

/** The past and then the input, along the last axis. */
function precededBy(stages: StageList, x: Operand, past: Operand): Operand {
  const earlier = past.dims[2] as number;
  const dims = [...x.dims.slice(0, 2), earlier + (x.dims[2] as number)];
  return stages.add("cells", [past, x], dims, ([vp, vx]) => ({
    dtype: x.dtype,
    out: dims,
    finish: (b) =>
      b.select(
        b.lt(b.coordinate(o(2)), b.i64(earlier)),
        b.read(vp as View, [o(0), o(1), o(2)]),
        b.read(vx as View, [o(0), o(1), [o(2), -earlier]]),
      ),
  }));
}
