import type { DType } from "../../dtype.js";

/** Dtype of an intermediate over elements of `dtype`: f16 and bf16 stay widened (rule 5). */
export function intermediateOf(dtype: DType): DType {
  return dtype === "f16" || dtype === "bf16" ? "f32" : dtype;
}
