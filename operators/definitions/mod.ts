import { isFloat } from "../dtype.js";
import type { BodyBuilder, Register } from "../program/builder.js";
import { intAttribute, invalid } from "./shared/context.js";
import { binary, FUNCTION_FLOATS, INTEGERS } from "./shared/elementwise.js";

/**
 * Mod: with `fmod = 0` the remainder has the divisor's sign, with 1 the dividend's.
 *
 * Integers: x mod 0 = 0 (rule 3). Floats take `fmod = 1` only, the function fmod of rule 6; their
 * remainder is exact, so f16 and bf16 do not round; x mod ±∞ = x, ±∞ mod y and x mod 0 are NaN, zero
 * results have x's sign.
 * Dtypes: all integers, f32, f16, bf16, operands alike.
 * Errors: `operator/invalid` where dtypes differ, shapes do not broadcast, or fmod is 0 for floats.
 * Source: ONNX Mod, versions 10, 13.
 */
export const mod = binary({
  name: "Mod",
  versions: [10, 13],
  dtypes: [...INTEGERS, ...FUNCTION_FLOATS],
  element(b, x, y, dtype, context) {
    const truncated = intAttribute(context, "fmod", 0) !== 0;
    if (isFloat(dtype)) {
      if (!truncated) throw invalid(context, "the remainder of floats needs fmod = 1");
      return b.op("f32.fmod", x, y);
    }
    if (dtype === "u64") return b.op("i64.rem_u", x, y);
    return integerRemainder(b, x, y, truncated);
  },
});

function integerRemainder(b: BodyBuilder, x: Register, y: Register, truncated: boolean): Register {
  const type = x.type === "i64" ? "i64" : "i32";
  const remainder = b.op(`${type}.rem_s`, x, y);
  if (truncated) return remainder;
  const zero = b.of(type, 0);
  const mixed = b.lt(b.op(`${type}.xor`, remainder, y), zero);
  const wrong = b.and(mixed, b.not(b.eq(remainder, zero)));
  return b.select(wrong, b.add(remainder, y), remainder);
}
