import { elementCount } from "../dtype.js";
import { k, o, type View } from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  intsAttribute,
  invalid,
  registerOf,
  requireDType,
  single,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { multiplyAdd } from "./shared/multiply-add.js";
import { cell, windowOf } from "./shared/window.js";

/**
 * Conv: Y[n,g,m,s…] = acc + bias[g,m], acc the fold over (channel, kernel…) of multiply-add of
 * X[n,g,c,s·stride + k·dilation − pad] and W[g,m,c,k…] (rule 9). Padding is read as +0 and still
 * multiplied and added; the bias is added after the fold.
 * X [N,C,D1…D3], W [M,C/group,k1…k3], bias [M] optional; f32/f16/bf16/f64 of one dtype.
 * Source: ONNX Conv-22.
 */
export const conv: OperatorDefinition = {
  domain: "",
  name: "Conv",
  versions: [1, 11, 22],
  lower(context) {
    const x = inputOperand(context, 0);
    const w = inputOperand(context, 1);
    const bias = context.inputs[2] ? inputOperand(context, 2) : undefined;
    requireDType(context, x, FLOATS);
    for (const t of [w, ...(bias ? [bias] : [])]) {
      if (t.dtype !== x.dtype) throw invalid(context, `mixes ${x.dtype} and ${t.dtype}`);
    }
    const { batch, groups, inner, outer, kernel } = channelsOf(context, x.dims, w.dims);
    if (bias && elementCount(bias.dims) !== groups * outer) {
      throw invalid(context, `bias [${bias.dims}] for ${groups * outer} output channels`);
    }
    const spatial = x.dims.slice(2);
    const window = windowOf(context, spatial, kernel);
    const dims = [batch, groups * outer, ...window.output];
    return single(context, bias ? [x, w, bias] : [x, w], dims, ([vx, vw, vb]) => ({
      dtype: x.dtype,
      out: [batch, groups, outer, ...window.output],
      fold: [inner, ...kernel],
      ...multiplyAdd(registerOf(x.dtype), (s) => [
        s.read({ ...(vx as View), dims: [batch, groups, inner, ...spatial] }, [
          o(0),
          o(1),
          k(0),
          ...spatial.map((_, i) => cell(window, i, 3 + i, [k(1 + i)])),
        ]),
        s.read({ ...(vw as View), dims: [groups, outer, inner, ...kernel] }, [
          o(1),
          o(2),
          k(0),
          ...kernel.map((_, i) => k(1 + i)),
        ]),
      ]),
      finish: (f) =>
        vb ? f.add(f.state(0), f.read({ ...vb, dims: [groups, outer] }, [o(1), o(2)])) : f.state(0),
    }));
  },
};

function channelsOf(context: LoweringContext, x: readonly number[], w: readonly number[]) {
  if (x.length < 3 || w.length !== x.length) {
    throw invalid(context, `X [${x}] and W [${w}] are not [N,C,D…] and [M,C/group,k…]`);
  }
  const groups = intAttribute(context, "group", 1);
  const [batch, channels] = x as [number, number];
  const [maps, inner] = w as [number, number];
  if (groups < 1 || inner * groups !== channels || maps % groups !== 0) {
    throw invalid(context, `X [${x}] and W [${w}] do not fit ${groups} groups`);
  }
  const kernel = w.slice(2);
  const stated = intsAttribute(context, "kernel_shape");
  if (stated && stated.join() !== kernel.join()) {
    throw invalid(context, `kernel_shape [${stated}] differs from W [${w}]`);
  }
  return { batch, groups, inner, outer: maps / groups, kernel };
}
