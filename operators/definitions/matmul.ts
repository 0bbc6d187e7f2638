import type { OperatorDefinition } from "./definition.js";
import { inputOperand, invalid, registerOf, requireDType, single } from "./shared/context.js";
import { FLOATS, WORDS } from "./shared/elementwise.js";
import { matrixProduct } from "./shared/matrix-product.js";
import { multiplyAdd } from "./shared/multiply-add.js";
import { Reads } from "./shared/reads.js";

/**
 * MatMul: numpy.matmul. C[…,m,n] = fold over k of multiply-add of A[…,m,k] and B[…,k,n] (rule 9).
 * Inputs f32/f16/bf16/f64, or i32/i64/u32/u64 (which wrap), of rank ≥ 1; a rank-1 operand is a row or
 * column whose axis is dropped. Source: ONNX MatMul, versions 1, 9, 13.
 */
export const matmul: OperatorDefinition = {
  domain: "",
  name: "MatMul",
  versions: [1, 9, 13],
  lower(context) {
    const a = inputOperand(context, 0);
    const b = inputOperand(context, 1);
    requireDType(context, a, [...FLOATS, ...WORDS]);
    if (a.dtype !== b.dtype) throw invalid(context, `mixes ${a.dtype} and ${b.dtype}`);
    const c = matrixProduct(context, a.dims, b.dims);
    const reads = new Reads();
    const left = reads.at(a, c.left);
    const right = reads.at(b, c.right);
    return single(context, reads.operands, c.dims, () => ({
      dtype: a.dtype,
      out: c.out,
      fold: c.fold,
      ...multiplyAdd(registerOf(a.dtype), (s) => [left(s), right(s)]),
      finish: (f) => f.state(0),
    }));
  },
};
