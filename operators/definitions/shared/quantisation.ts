import type { DType } from "../../dtype.js";
import type { BodyBuilder, Register } from "../../program/builder.js";
import { convert } from "./conversion.js";
import type { Read } from "./reads.js";

/** The one way to quantise, and sums of products of quantised elements (rule 16). */

/** Quantised elements of matrix products and convolutions. */
export const BYTES: readonly DType[] = ["u8", "i8"];
/** Quantised elements of maps. */
export const QUANTISED: readonly DType[] = [...BYTES, "u16", "i16"];

/**
 * The quantised element of a value that has been divided by its scale: round half to even, add the
 * zero point, saturate; NaN gives 0. The zero point is added in f32: exact below 2^24, and what is
 * beyond saturates either way.
 */
export function quantised(
  b: BodyBuilder,
  scaled: Register,
  zeroPoint: Read | undefined,
  dtype: DType,
): Register {
  const whole = b.op("f32.nearest", scaled);
  const sum = zeroPoint ? b.add(whole, b.op("f32.convert_i32_s", zeroPoint(b))) : whole;
  return convert(b, sum, "f32", dtype);
}

/** x − its zero point, in i32. */
export function centred(b: BodyBuilder, x: Read, zeroPoint: Read | undefined): Register {
  return zeroPoint ? b.sub(x(b), zeroPoint(b)) : x(b);
}

export interface Requantisation {
  readonly scales: readonly [x: Read, w: Read, y: Read];
  readonly zeroPoint: Read | undefined;
  readonly dtype: DType;
}

/** The quantised element of an i32 sum of products: fl(fl(sum) · fl(fl(sx · sw) ÷ sy)), quantised. */
export function requantised(b: BodyBuilder, sum: Register, to: Requantisation): Register {
  const [x, w, y] = to.scales;
  const multiplier = b.div(b.mul(x(b), w(b)), y(b));
  return quantised(b, b.mul(b.op("f32.convert_i32_s", sum), multiplier), to.zeroPoint, to.dtype);
}
