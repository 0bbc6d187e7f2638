import { elementCount } from "../dtype.js";
import { o, times, type View } from "../program/builder.js";
import { inputOperand, intAttribute, normalizeAxis, requireDType, single } from "./context.js";
import type { OperatorDefinition } from "./definition.js";
import { ANY_DTYPE } from "./elementwise.js";

/**
 * Gather: slices of the data along `axis` (0), chosen by the indices:
 * y[outer…, i…, inner…] = data[outer…, indices[i…], inner…].
 *
 * A negative index counts from the end; one outside the axis in either direction reads 0 (rule 3).
 * Dtypes: data any; indices i32 or i64.
 * Errors: `operator/invalid` where the axis is outside the data's rank.
 * Source: ONNX Gather, versions 1, 11, 13.
 */
export const gather: OperatorDefinition = {
  domain: "",
  name: "Gather",
  versions: [1, 11, 13],
  lower(context) {
    const data = inputOperand(context, 0);
    const indices = inputOperand(context, 1);
    requireDType(context, data, ANY_DTYPE);
    requireDType(context, indices, ["i32", "i64"]);
    const axis = normalizeAxis(context, intAttribute(context, "axis", 0), data.dims.length);
    const extent = data.dims[axis] as number;
    const before = data.dims.slice(0, axis);
    const after = data.dims.slice(axis + 1);
    const [outer, count, inner] = [before, indices.dims, after].map(elementCount) as [
      number,
      number,
      number,
    ];
    return single(
      context,
      [data, indices],
      [...before, ...indices.dims, ...after],
      ([dataView, indexView]) => ({
        dtype: data.dtype,
        out: [outer, count, inner],
        finish(b) {
          const raw = b.read({ ...(indexView as View), dims: [count] }, [o(1)]);
          const index = raw.type === "i32" ? b.op("i64.extend_i32_s", raw) : raw;
          const fromEnd = b.add(index, b.i64(extent));
          const at = b.select(b.lt(index, b.i64(0)), fromEnd, index);
          const view = { ...(dataView as View), dims: [outer, extent, inner] };
          return b.read(view, [o(0), times(at), o(2)]);
        },
      }),
    );
  },
};
