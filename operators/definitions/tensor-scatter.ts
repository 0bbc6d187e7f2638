import { elementCount } from "../dtype.js";
import { type BodyBuilder, o, type Register, times, type View } from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  type Operand,
  requireDType,
  single,
  stringAttribute,
} from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";

/**
 * TensorScatter: a cache whose positions write_indices[batch] … + length − 1 on `axis` hold the update;
 * with mode "circular" positions wrap around the axis, with "linear" what lies outside is dropped. The
 * batch is axis 0; without write_indices every write begins at 0.
 *
 * Dtypes: cache and update any, alike; write_indices i64.
 * Errors: `operator/invalid` where dims do not fit, the update is longer than the axis, or the axis is
 * that of the batch.
 * Source: ONNX TensorScatter, version 24.
 */
export const tensorScatter: OperatorDefinition = {
  domain: "",
  name: "TensorScatter",
  versions: [24],
  lower(context) {
    const mode = stringAttribute(context, "mode", "linear");
    if (mode !== "linear" && mode !== "circular") throw invalid(context, `mode "${mode}"`);
    const { cache, update, starts, dims } = operandsOf(context);
    const [extent, length] = [cache.dims[2] as number, update.dims[2] as number];
    const operands = [cache, update, ...(starts ? [starts] : [])];
    return single(context, operands, dims, ([vc, vu, vs]) => ({
      dtype: cache.dtype,
      out: cache.dims,
      finish: (b) => {
        const start = vs ? b.read(vs, [o(0)]) : b.i64(0);
        const distance = b.sub(b.coordinate(o(2)), start);
        const at = mode === "linear" ? distance : modulo(b, distance, extent);
        const written = b.read(vu as View, [o(0), o(1), times(at), o(3)]);
        const kept = b.read(vc as View, [o(0), o(1), o(2), o(3)]);
        return b.select(b.op("i64.lt_u", at, b.i64(length)), written, kept);
      },
    }));
  },
};

/** x mod n in 0 … n − 1. */
function modulo(b: BodyBuilder, x: Register, n: number): Register {
  const rest = b.op("i64.rem_s", x, b.i64(n));
  return b.select(b.lt(rest, b.i64(0)), b.add(rest, b.i64(n)), rest);
}

/** Cache and update as [batch, outer, axis, inner]. */
function operandsOf(context: LoweringContext) {
  const cache = inputOperand(context, 0);
  const update = inputOperand(context, 1);
  const starts = context.inputs[2] ? inputOperand(context, 2) : undefined;
  requireDType(context, cache, ANY_DTYPE);
  requireDType(context, update, [cache.dtype]);
  const { dims } = cache;
  const axis = normalizeAxis(context, intAttribute(context, "axis", -2), dims.length);
  const fits =
    axis > 0 &&
    update.dims.length === dims.length &&
    update.dims.every((d, i) => (i === axis ? d <= (dims[i] as number) : d === dims[i]));
  if (!fits) throw invalid(context, `update [${update.dims}] of [${dims}] on axis ${axis}`);
  if (starts) {
    requireDType(context, starts, ["i64"]);
    if (starts.dims.join() !== String(dims[0])) {
      throw invalid(context, `write_indices [${starts.dims}] for batch ${dims[0]}`);
    }
  }
  const four = (t: Operand): Operand => ({
    ...t,
    dims: [
      t.dims[0] as number,
      elementCount(t.dims.slice(1, axis)),
      t.dims[axis] as number,
      elementCount(t.dims.slice(axis + 1)),
    ],
  });
  return { cache: four(cache), update: four(update), starts, dims };
}
