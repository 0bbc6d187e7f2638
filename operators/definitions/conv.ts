import type { OperatorDefinition } from "./definition.js";
import { inputOperand, invalid, registerOf, requireDType, single } from "./shared/context.js";
import { convolution } from "./shared/convolution.js";
import { FLOATS } from "./shared/elementwise.js";
import { multiplyAdd } from "./shared/multiply-add.js";
import { Reads } from "./shared/reads.js";

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
    const c = convolution(context, x.dims, w.dims);
    const reads = new Reads();
    const cell = reads.at(x, c.left);
    const weight = reads.at(w, c.right);
    const added = bias && c.perMap(reads, bias);
    return single(context, reads.operands, c.dims, () => ({
      dtype: x.dtype,
      out: c.out,
      fold: c.fold,
      ...multiplyAdd(registerOf(x.dtype), (s) => [cell(s), weight(s)]),
      finish: (f) => (added ? f.add(f.state(0), added(f)) : f.state(0)),
    }));
  },
};
