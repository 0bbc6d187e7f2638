import { type Index, k, o, type View } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { broadcastDims } from "./shared/broadcast.js";
import { inputOperand, invalid, registerOf, requireDType, single } from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { multiplyAdd } from "./shared/multiply-add.js";

/**
 * MatMul: numpy.matmul. C[…,m,n] = fold over k of multiply-add of A[…,m,k] and B[…,k,n] (rule 9).
 * Inputs f32/f16/bf16/f64 of rank ≥ 1; a rank-1 operand is a row or column whose axis is dropped.
 */
export const matmul: OperatorDefinition = {
  domain: "",
  name: "MatMul",
  versions: [1, 9, 13],
  lower(context) {
    const a = inputOperand(context, 0);
    const b = inputOperand(context, 1);
    requireDType(context, a, FLOATS);
    if (a.dtype !== b.dtype) throw invalid(context, `mixes ${a.dtype} and ${b.dtype}`);
    if (a.dims.length === 0 || b.dims.length === 0) throw invalid(context, "a scalar operand");
    const aDims = a.dims.length === 1 ? [1, ...a.dims] : a.dims;
    const bDims = b.dims.length === 1 ? [...b.dims, 1] : b.dims;
    const [m, depth] = aDims.slice(-2) as [number, number];
    const [bDepth, n] = bDims.slice(-2) as [number, number];
    if (depth !== bDepth) throw invalid(context, `inner dims ${depth} and ${bDepth} differ`);
    const batch = broadcastDims(context, [aDims.slice(0, -2), bDims.slice(0, -2)]);
    const out = [...batch, m, n];
    const dims = [
      ...batch,
      ...(a.dims.length === 1 ? [] : [m]),
      ...(b.dims.length === 1 ? [] : [n]),
    ];
    const at = batch.length;
    const batchIndex = (of: readonly number[]): Index[] =>
      of.slice(0, -2).map((d, i) => (d === 1 ? 0 : o(at - (of.length - 2) + i)));
    return single(context, [a, b], dims, ([va, vb]) => ({
      dtype: a.dtype,
      out,
      fold: [depth],
      ...multiplyAdd(registerOf(a.dtype), (s) => [
        s.read({ ...(va as View), dims: aDims }, [...batchIndex(aDims), o(at), k(0)]),
        s.read({ ...(vb as View), dims: bDims }, [...batchIndex(bDims), k(0), o(at + 1)]),
      ]),
      finish: (f) => f.state(0),
    }));
  },
};
