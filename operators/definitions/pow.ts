import { isFloat } from "../dtype.js";
import type { BodyBuilder, Register } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { inputOperand, invalid, requireDType } from "./shared/context.js";
import { convert } from "./shared/conversion.js";
import { FUNCTION_FLOATS, lowerMap, NUMBERS, SIGNED } from "./shared/elementwise.js";

/**
 * Pow: y = base ^ exponent with multidirectional broadcasting, in the base's dtype.
 *
 * Where either is a float: the f32 function pow of both as f32 (each rounded once), converted to
 * the base's dtype. Integer base and exponent: repeated squaring, wrapping; a negative exponent
 * truncates 1 ÷ base^|exponent|, so that 1 gives 1, −1 gives ±1 and every other base (0 too) 0.
 * Dtypes: base f32, f16, bf16, i32, i64; exponent any number. f64 bases are refused (rule 1).
 * Errors: `operator/invalid` where shapes do not broadcast, or, before version 12, dtypes differ.
 * Source: ONNX Pow, versions 1 (with `broadcast` and `axis`), 7, 12, 13, 15.
 */
export const pow: OperatorDefinition = {
  domain: "",
  name: "Pow",
  versions: [1, 7, 12, 13, 15],
  lower(context) {
    if (context.inputs.length !== 2) throw invalid(context, "takes 2 inputs");
    const base = inputOperand(context, 0);
    const exponent = inputOperand(context, 1);
    requireDType(context, base, [...FUNCTION_FLOATS, "i32", "i64"]);
    requireDType(context, exponent, NUMBERS);
    if (context.version < 12 && base.dtype !== exponent.dtype) {
      throw invalid(context, `mixes ${base.dtype} and ${exponent.dtype}`);
    }
    const isInteger = !isFloat(base.dtype) && !isFloat(exponent.dtype);
    return lowerMap(context, [base, exponent], base.dtype, (b, [x, y]) => {
      if (isInteger) {
        const signed = SIGNED.includes(exponent.dtype);
        return integerPower(b, x as Register, y as Register, signed);
      }
      const f = convert(b, x as Register, base.dtype, "f32");
      const g = convert(b, y as Register, exponent.dtype, "f32");
      return convert(b, b.op("f32.pow", f, g), "f32", base.dtype);
    });
  },
};

/** Square and multiply over every bit of the exponent: straight-line, at most 64 rounds. */
function integerPower(
  b: BodyBuilder,
  base: Register,
  exponent: Register,
  signed: boolean,
): Register {
  const one = b.of(base.type, 1);
  const words =
    exponent.type === "i64" ? [lowWord(b, exponent), highWord(b, exponent)] : [exponent];
  let power = one;
  let square = base;
  words.forEach((word, w) => {
    const isTop = w === words.length - 1;
    const bits = isTop && signed ? 31 : 32;
    for (let i = 0; i < bits; i++) {
      const bit = b.and(word, b.i32(2 ** i));
      power = b.select(bit, b.mul(power, square), power);
      if (!(isTop && i === bits - 1)) square = b.mul(square, square);
    }
  });
  if (!signed) return power;
  return b.select(
    b.lt(exponent, b.of(exponent.type, 0)),
    inversePower(b, base, words[0] as Register),
    power,
  );
}

function lowWord(b: BodyBuilder, x: Register): Register {
  return b.op("i32.wrap_i64", x);
}

function highWord(b: BodyBuilder, x: Register): Register {
  return b.op("i32.wrap_i64", b.op("i64.shr_s", x, b.i64(32)));
}

/** base ^ exponent for a negative exponent, of which `low` holds the parity. */
function inversePower(b: BodyBuilder, base: Register, low: Register): Register {
  const [zero, one, minusOne] = [0, 1, -1].map((v) => b.of(base.type, v)) as [
    Register,
    Register,
    Register,
  ];
  const alternating = b.select(b.and(low, b.i32(1)), minusOne, one);
  const ofMinusOne = b.select(b.eq(base, minusOne), alternating, zero);
  return b.select(b.eq(base, one), one, ofMinusOne);
}
