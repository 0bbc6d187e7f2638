import { type DType, dtypeFromCode } from "../dtype.js";
import type { BodyBuilder, Register } from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  requireDType,
  single,
  unsupported,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";
import { grained } from "./shared/grains.js";
import { centred, QUANTISED, quantised } from "./shared/quantisation.js";

/**
 * QuantizeLinear: y = saturate(round(fl(x ÷ scale)) + zero point), half to even, NaN gives 0 (rule 16).
 * DequantizeLinear: y = fl(fl(x − zero point) · scale), the difference in i32 (it wraps), both rounded
 * to f32. f16 and bf16 are widened, and y is rounded once (rule 5); the attribute `precision` asks for
 * no less than that.
 *
 * Scale and zero point, of one shape: one element, or one per position along `axis`, or per block of
 * `block_size` positions along `axis`. Without a zero point it is 0.
 *
 * Dtypes: Quantize x f32/f16/bf16/i32 (i32 is rounded to f32 first), y u8/i8/u16/i16: that of the zero
 * point, else `output_dtype`, else u8. Dequantize x u8/i8/u16/i16/i32, y f32/f16/bf16: `output_dtype`,
 * else that of the scale. `saturate` concerns 8-bit floats only.
 * Errors: `operator/unsupported` for 4-bit integers and 8-bit floats; `operator/invalid` where scale,
 * zero point and attributes contradict x or each other.
 * Source: ONNX QuantizeLinear, DequantizeLinear, versions 10, 13, 19, 21, 23, 24, 25.
 */
const VERSIONS = [10, 13, 19, 21, 23, 24, 25];

export const quantizeLinear: OperatorDefinition = {
  domain: "",
  name: "QuantizeLinear",
  versions: VERSIONS,
  lower(context) {
    const x = inputOperand(context, 0);
    requireDType(context, x, [...FUNCTION_FLOATS, "i32"]);
    const precision = intAttribute(context, "precision", 0);
    if (![0, 1, 10, 16].includes(precision)) throw unsupported(context, `precision ${precision}`);
    const asked = outputDType(context);
    const dtype = context.inputs[2]?.dtype ?? asked ?? "u8";
    if (asked && asked !== dtype) throw invalid(context, `output_dtype ${asked}, not ${dtype}`);
    requireDType(context, { dtype, dims: [] }, QUANTISED);
    const g = grained(context, x, dtype);
    return single(context, g.operands, x.dims, () => ({
      dtype,
      out: g.out,
      finish: (b) => quantised(b, b.div(asF32(b, g.x(b)), g.scale(b)), g.zeroPoint, dtype),
    }));
  },
};

export const dequantizeLinear: OperatorDefinition = {
  domain: "",
  name: "DequantizeLinear",
  versions: VERSIONS,
  lower(context) {
    const x = inputOperand(context, 0);
    requireDType(context, x, [...QUANTISED, "i32"]);
    const g = grained(context, x, x.dtype);
    const dtype = outputDType(context) ?? g.scaleDType;
    requireDType(context, { dtype, dims: [] }, FUNCTION_FLOATS);
    return single(context, g.operands, x.dims, () => ({
      dtype,
      out: g.out,
      finish: (b) => b.mul(asF32(b, centred(b, g.x, g.zeroPoint)), g.scale(b)),
    }));
  },
};

function asF32(b: BodyBuilder, x: Register): Register {
  return x.type === "i32" ? b.op("f32.convert_i32_s", x) : x;
}

/** What the attribute `output_dtype` asks for. */
function outputDType(context: LoweringContext): DType | undefined {
  const code = intAttribute(context, "output_dtype", 0);
  if (code === 0) return undefined;
  const dtype = dtypeFromCode(code);
  if (!dtype) throw unsupported(context, `output_dtype ${code}`);
  return dtype;
}
