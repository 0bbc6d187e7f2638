import { elementCount } from "../dtype.js";
import { o, type View } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { inputOperand, invalid, type Operand, requireDType, StageList } from "./shared/context.js";
import { convert } from "./shared/conversion.js";
import { type Combine, laneFold } from "./shared/lanes.js";
import { quantised } from "./shared/quantisation.js";

/**
 * DynamicQuantizeLinear, in stages:
 *
 *   high, low    max(maximum of x, +0) and min(minimum of x, +0)
 *   scale        fl(fl(high − low) ÷ 255)
 *   zero point   round(min(max(fl(0 − fl(low ÷ scale)), 0), 255)), half to even, NaN gives 0
 *   y            saturate(round(fl(x ÷ scale)) + zero point) (rule 16)
 *
 * Where x is all zeros or empty, the scale is +0 and so are zero point and y. X f32; y and the zero point
 * u8, the scale f32. Source: ONNX DynamicQuantizeLinear-11.
 */
export const dynamicQuantizeLinear: OperatorDefinition = {
  domain: "",
  name: "DynamicQuantizeLinear",
  versions: [11],
  lower(context) {
    if (context.outputCount > 3) throw invalid(context, "has at most 3 outputs");
    const x = inputOperand(context, 0);
    requireDType(context, x, ["f32"]);
    const stages = new StageList();
    const high = extremum(stages, x, "max", "high");
    const low = extremum(stages, x, "min", "low");
    const scale = stages.add("scale", [high, low], [], ([h, l]) => ({
      dtype: "f32",
      out: [],
      finish: (b) => b.div(b.sub(b.read(h as View, []), b.read(l as View, [])), b.f32(255)),
    }));
    const zeroPoint = stages.add("zero point", [low, scale], [], ([l, s]) => ({
      dtype: "u8",
      out: [],
      finish: (b) => {
        const steps = b.div(b.read(l as View, []), b.read(s as View, []));
        const exact = b.sub(b.f32(0), steps);
        const inRange = b.min(b.max(exact, b.f32(0)), b.f32(255));
        return convert(b, b.op("f32.nearest", inRange), "f32", "u8");
      },
    }));
    const n = elementCount(x.dims);
    const y = stages.add("output", [x, scale, zeroPoint], x.dims, ([vx, vs, vz]) => ({
      dtype: "u8",
      out: [n],
      finish: (b) =>
        quantised(
          b,
          b.div(b.read({ ...(vx as View), dims: [n] }, [o(0)]), b.read(vs as View, [])),
          () => b.read(vz as View, []),
          "u8",
        ),
    }));
    return stages.lowering([y, scale, zeroPoint].slice(0, context.outputCount));
  },
};

/** The extremum of x and +0, a scalar. */
function extremum(stages: StageList, x: Operand, combine: Combine, name: string): Operand {
  const n = elementCount(x.dims);
  return laneFold(stages, {
    name,
    operands: [x],
    rows: [],
    extents: [n],
    combine,
    dtype: "f32",
    element: (b, [vx], at) => b.read({ ...(vx as View), dims: [n] }, at),
    finish: (b, value) => (combine === "max" ? b.max(value, b.f32(0)) : b.min(value, b.f32(0))),
  });
}
