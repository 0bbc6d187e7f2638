import { type Index, o, type View } from "../../program/builder.js";
import type { LoweringContext } from "../definition.js";
import { invalid } from "./context.js";

/** Numpy-style broadcast dims (ONNX "multidirectional broadcasting"). */
export function broadcastDims(
  context: LoweringContext,
  shapes: readonly (readonly number[])[],
): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const dims = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((d, i) => {
      const at = rank - shape.length + i;
      if (d === 1) return;
      if (dims[at] !== 1 && dims[at] !== d) {
        throw invalid(
          context,
          `shapes ${shapes.map((s) => `[${s}]`).join(" and ")} do not broadcast`,
        );
      }
      dims[at] = d;
    });
  }
  return dims;
}

/** Index of `view` at the output coordinate under broadcasting into rank `rank`. */
export function broadcastIndex(view: View, rank: number): Index[] {
  return view.dims.map((d, i) => (d === 1 ? 0 : o(rank - view.dims.length + i)));
}
