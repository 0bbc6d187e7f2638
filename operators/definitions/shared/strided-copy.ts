import { o, type View } from "../../program/builder.js";
import type { Operand, StageList } from "./context.js";
import { type CopyAxis, mergeCopy } from "./merge-axes.js";

/** A stage that copies a strided box of `operand`; what lies outside reads as zero. */
export function stridedCopy(
  stages: StageList,
  name: string,
  operand: Operand,
  axes: readonly CopyAxis[],
): Operand {
  const merged = mergeCopy(axes);
  const dims = axes.map((a) => a.count);
  return stages.add(name, [operand], dims, ([view]) => ({
    dtype: operand.dtype,
    out: merged.map((a) => a.count),
    finish: (b) =>
      b.read(
        { ...(view as View), dims: merged.map((a) => a.extent) },
        merged.map((a, i) => [o(i, a.step), a.start]),
      ),
  }));
}
