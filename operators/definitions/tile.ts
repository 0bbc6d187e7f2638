import { type Index, o, type View } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { inputOperand, invalid, requireDType, single, steeringInts } from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";

/**
 * Tile: the input repeated `repeats[i]` times along axis i.
 *
 * Each axis is seen as repeats × extent, so that the read is affine; neighbours that do not repeat
 * are merged.
 * Dtypes: any; repeats i64.
 * Errors: `operator/invalid` where repeats has another length than the rank or a negative entry.
 * Source: ONNX Tile, versions 6, 13.
 */
export const tile: OperatorDefinition = {
  domain: "",
  name: "Tile",
  versions: [6, 13],
  steering: [1],
  lower(context) {
    const operand = inputOperand(context, 0);
    requireDType(context, operand, ANY_DTYPE);
    const repeats = steeringInts(context, 1);
    if (repeats?.length !== operand.dims.length || repeats.some((r) => r < 0)) {
      throw invalid(context, `repeats [${repeats}] do not fit [${operand.dims}]`);
    }
    const { out, view: dims, index } = factorised(operand.dims, repeats);
    return single(
      context,
      [operand],
      operand.dims.map((d, i) => d * (repeats[i] as number)),
      ([view]) => ({
        dtype: operand.dtype,
        out,
        finish: (b) => b.read({ ...(view as View), dims }, index),
      }),
    );
  },
};

function factorised(dims: readonly number[], repeats: readonly number[]) {
  const out: number[] = [];
  const view: number[] = [];
  const index: Index[] = [];
  dims.forEach((d, i) => {
    const r = repeats[i] as number;
    if (r === 1 && view.length > 0) {
      out[out.length - 1] = (out[out.length - 1] as number) * d;
      view[view.length - 1] = (view[view.length - 1] as number) * d;
      return;
    }
    if (r !== 1) out.push(r);
    index.push(o(out.length));
    out.push(d);
    view.push(d);
  });
  return { out, view, index };
}
