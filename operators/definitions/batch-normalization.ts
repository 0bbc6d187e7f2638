import { elementCount } from "../dtype.js";
import { o, type View } from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  requireDType,
  StageList,
  unsupported,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";

/**
 * BatchNormalization at inference, per channel c: d = fl(x − mean), r = rsqrt(fl(var + ε)),
 * y = fl(fl(fl(d·r)·scale) + bias) (rule 14, with the mean and variance given).
 * X [N,C,D…]; scale, bias, mean and var [C]; f32/f16/bf16, which need not agree. Y as X. Training mode,
 * statistics per activation (spatial = 0) and f64 (rsqrt, rule 1) are unsupported.
 * Source: ONNX BatchNormalization-15.
 */
export const batchNormalization: OperatorDefinition = {
  domain: "",
  name: "BatchNormalization",
  versions: [1, 6, 7, 9, 14, 15],
  lower(context) {
    refuseTraining(context);
    const x = inputOperand(context, 0);
    const channels = x.dims[1];
    if (channels === undefined) throw invalid(context, `X [${x.dims}] is not [N,C,D…]`);
    const parameter = (index: number): Operand => {
      const t = inputOperand(context, index);
      if (t.dims.join() !== String(channels)) {
        throw invalid(context, `input ${index} [${t.dims}] for ${channels} channels`);
      }
      requireDType(context, t, FUNCTION_FLOATS);
      return t;
    };
    requireDType(context, x, FUNCTION_FLOATS);
    const [scale, bias, mean, variance] = [parameter(1), parameter(2), parameter(3), parameter(4)];
    const stages = new StageList();
    const inverse = stages.add("inverse deviation", [variance], [channels], ([v]) => ({
      dtype: "f32",
      out: [channels],
      finish: (b) => {
        const epsilon = b.f32(floatAttribute(context, "epsilon", 1e-5));
        return b.op("f32.rsqrt", b.add(b.read(v as View, [o(0)]), epsilon));
      },
    }));
    const out = [x.dims[0] as number, channels, elementCount(x.dims.slice(2))];
    const y = stages.add("output", [x, mean, inverse, scale, bias], x.dims, (views) => ({
      dtype: x.dtype,
      out,
      finish: (b) => {
        const [vx, ...perChannel] = views as [View, ...View[]];
        const value = b.read({ ...vx, dims: out }, [o(0), o(1), o(2)]);
        const [m, r, s, c] = perChannel.map((v) => b.read(v, [o(1)])) as [
          typeof value,
          typeof value,
          typeof value,
          typeof value,
        ];
        return b.add(b.mul(b.mul(b.sub(value, m), r), s), c);
      },
    }));
    return stages.lowering([y]);
  },
};

/** Which nodes train differs by version; an inference node of any version is accepted. */
function refuseTraining(context: LoweringContext): void {
  const { version } = context;
  const trains =
    (version < 7 && intAttribute(context, "is_test", 0) === 0) ||
    (version >= 14 && intAttribute(context, "training_mode", 0) !== 0) ||
    context.outputCount > 1;
  if (trains) throw unsupported(context, "training mode");
  if (version < 9 && intAttribute(context, "spatial", 1) === 0) {
    throw unsupported(context, "statistics per activation (spatial = 0)");
  }
}
