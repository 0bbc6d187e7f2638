import { elementCount } from "../dtype.js";
import { o, times, type View } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { inputOperand, intAttribute, invalid, requireDType, single } from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";

/**
 * ReverseSequence: in every batch the first sequence_lens[batch] positions in time in reverse order,
 * the rest as it is. Batch and time are axes 0 and 1 in either order (`batch_axis` 1, `time_axis` 0).
 *
 * A length beyond the time axis would read outside it, which gives 0 (rule 3).
 * Dtypes: X any, lengths i64.
 * Errors: `operator/invalid` for other axes or another number of lengths.
 * Source: ONNX ReverseSequence, version 10.
 */
export const reverseSequence: OperatorDefinition = {
  domain: "",
  name: "ReverseSequence",
  versions: [10],
  lower(context) {
    const x = inputOperand(context, 0);
    const lengths = inputOperand(context, 1);
    requireDType(context, x, ANY_DTYPE);
    requireDType(context, lengths, ["i64"]);
    const batch = intAttribute(context, "batch_axis", 1);
    const time = intAttribute(context, "time_axis", 0);
    const fits = x.dims.length >= 2 && (batch === 0 || batch === 1) && time === 1 - batch;
    if (!fits) throw invalid(context, `[${x.dims}] with batch axis ${batch}, time axis ${time}`);
    if (lengths.dims.join() !== String(x.dims[batch])) {
      throw invalid(context, `${lengths.dims} lengths for batch ${x.dims[batch]}`);
    }
    const view = [...x.dims.slice(0, 2), elementCount(x.dims.slice(2))];
    return single(context, [x, lengths], x.dims, ([vx, vl]) => ({
      dtype: x.dtype,
      out: view,
      finish: (b) => {
        const length = b.read(vl as View, [o(batch)]);
        const here = b.coordinate(o(time));
        const mirrored = b.sub(b.sub(length, b.i64(1)), here);
        const at = times(b.select(b.lt(here, length), mirrored, here));
        const index = batch === 0 ? [o(0), at, o(2)] : [at, o(1), o(2)];
        return b.read({ ...(vx as View), dims: view }, index);
      },
    }));
  },
};
