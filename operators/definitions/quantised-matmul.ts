import type { OperatorDefinition } from "./definition.js";
import { integerSum, requantisedSum } from "./shared/integer-contraction.js";
import { matrixProduct } from "./shared/matrix-product.js";

/**
 * MatMulInteger: Y[…,m,n] = Σ over k of (A[…,m,k] − a_zero_point)·(B[…,k,n] − b_zero_point), i32.
 * QLinearMatMul: the same sum times fl(fl(a_scale · b_scale) ÷ y_scale), quantised (rule 16).
 *
 * A and B u8 or i8, each of its own, of rank ≥ 1 as in MatMul. Scales f32/f16/bf16, widened; zero points
 * of the dtype of what they belong to. Both have one element, or one per row of A and Y ([m] or […,m,1])
 * and per column of B ([n] or […,1,n]). MatMulInteger's zero points may be left out, which is 0.
 * Y i32, or the dtype of y_zero_point. Source: ONNX MatMulInteger-10; QLinearMatMul, versions 10, 21.
 */
export const matmulInteger: OperatorDefinition = {
  domain: "",
  name: "MatMulInteger",
  versions: [10],
  lower: (context) => integerSum(context, matrixProduct),
};

export const qLinearMatMul: OperatorDefinition = {
  domain: "",
  name: "QLinearMatMul",
  versions: [10, 21],
  lower: (context) => requantisedSum(context, matrixProduct),
};
