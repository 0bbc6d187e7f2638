import { elementCount } from "../dtype.js";
import { o, type View } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";
import { laneFold } from "./shared/lanes.js";

/**
 * LRN: y = x ÷ pow(fl(bias + fl(fl(alpha ÷ size) · s)), beta), s the sum of fl(x·x) over `size`
 * channels, the first ⌊(size−1)/2⌋ before the element's own. s goes over 32 lanes by the position in
 * the window (rule 10); channels that are not there count a position and add nothing.
 * X [N,C,D…], Y as X; f32/f16/bf16; f64 is unsupported (pow, rule 1). Source: ONNX LRN-13.
 */
export const lrn: OperatorDefinition = {
  domain: "",
  name: "LRN",
  versions: [1, 13],
  lower(context) {
    const x = inputOperand(context, 0);
    requireDType(context, x, FUNCTION_FLOATS);
    const size = intAttribute(context, "size");
    if (size === undefined || size < 1) throw invalid(context, `size ${size}`);
    const [batch, channels] = x.dims;
    if (batch === undefined || channels === undefined) {
      throw invalid(context, `X [${x.dims}] is not [N,C,D…]`);
    }
    const rows = [batch, channels, elementCount(x.dims.slice(2))];
    const before = Math.floor((size - 1) / 2);
    const stages = new StageList();
    const y = laneFold(stages, {
      name: "output",
      operands: [{ ...x, dims: rows }],
      rows,
      extents: [size],
      combine: "sum",
      dtype: "f32",
      result: x.dtype,
      dims: x.dims,
      element: (b, [vx], [at]) => {
        const value = b.read(vx as View, [o(0), [o(1), ...(at ?? []), -before], o(2)]);
        return b.mul(value, value);
      },
      finish: (b, sum, [vx]) => {
        const scale = b.div(b.f32(floatAttribute(context, "alpha", 1e-4)), b.f32(size));
        const base = b.add(b.f32(floatAttribute(context, "bias", 1)), b.mul(scale, sum));
        const power = b.op("f32.pow", base, b.f32(floatAttribute(context, "beta", 0.75)));
        return b.div(b.read(vx as View, [o(0), o(1), o(2)]), power);
      },
    });
    return stages.lowering([y]);
  },
};
