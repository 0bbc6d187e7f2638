import type { FunctionBuilder, Register } from "../../program/builder.js";
import { bitsOf, polynomial, Squares } from "./blocks.js";

/**
 * What sin, cos and tan share: the reduction of every finite f32 to an eighth of a turn, and the two
 * polynomials there.
 *
 * Reduction: 1/2π is the sum of CHUNKS and LAST. A chunk has at most 29 significant bits and an f32
 * 24, so x·chunk is exact; its whole turns are dropped at once, x·chunk − nearest(x·chunk), exactly
 * as well, whether it is 10^37 or 10^−9. What remains of the products is added from the large to
 * the small: after the nearest quarter turn is taken off, a sum either needs at most 53 bits and is
 * exact or is so large that its rounding, 2^−53 of it, is all that is lost. The f32 nearest to a
 * multiple of a quarter turn still leaves 2^−45 of relative accuracy. No table is read and no case
 * is distinguished, for a small x costs as much as a large one either way.
 *
 * Polynomials: sin(2πa) = v + a·(z·S(z) + TURN_LOW) with v = a·TURN_HIGH, z = a²; cos(2πa) = 1 + z·C(z), for
 * |a| ≤ 1/8, both of degree 6 in z, minimax in relative error (Remez exchange in 240-bit arithmetic,
 * coefficients rounded to f64 one after the other): 2^−57.9 and 2^−61.5.
 *
 * Source of the idea: Payne and Hanek, "Radian reduction for trigonometric functions", 1983.
 */
const CHUNKS = [
  0.15915494319051504, -9.861970571775625e-11, 1.3532164942068076e-19, -1.45283446566264e-28,
  -4.639016958189651e-38,
];
const LAST = -1.0515975116959584e-46;

/** 2π = TURN_HIGH + TURN_LOW. */
const TURN_HIGH = 6.283185307179586;
const TURN_LOW = 2.4492935982947064e-16;

const S = [
  -41.34170224039967, 81.60524927596379, -76.70585970743126, 42.05868532687947, -15.093818479024863,
  3.781123430197907,
];
const C = [
  -19.739208802178716, 64.93939402266668, -85.45681720598927, 60.24464122724168,
  -26.426241133114438, 7.9026293168083885, -1.6882991111295902,
];

/** Adding 1.5·2^50 rounds to a multiple of ¼, whose number then lies in the low bits. */
const TO_QUARTERS = 1.5 * 2 ** 50;

export interface Reduced {
  /** The number of quarter turns in the low bits, an i64. */
  readonly quarters: Register;
  /** The rest, in turns, within an eighth. */
  readonly rest: Register;
}

/** A finite f32 as f64, in radians; others give a rest that is NaN. */
export function reduceToQuarter(b: FunctionBuilder, x: Register): Reduced {
  const parts = CHUNKS.map((chunk) => {
    const product = b.mul(x, b.f64(chunk));
    return b.sub(product, b.op("f64.nearest", product));
  });
  const shifted = b.add(
    parts.reduce((sum, part) => b.add(sum, part)),
    b.f64(TO_QUARTERS),
  );
  const quarter = b.sub(shifted, b.f64(TO_QUARTERS));
  const [first, ...others] = parts as [Register, ...Register[]];
  const rest = [...others, b.mul(x, b.f64(LAST))].reduce(
    (sum, part) => b.add(sum, part),
    b.sub(first, quarter),
  );
  return { quarters: bitsOf(b, shifted), rest };
}

/** sin and cos of `rest` turns. */
export function sineAndCosine(
  b: FunctionBuilder,
  rest: Register,
): { readonly sine: Register; readonly cosine: Register } {
  const z = new Squares(b, b.mul(rest, rest));
  const series = b.add(b.mul(z.at(0), polynomial(b, z, S)), b.f64(TURN_LOW));
  const sine = b.add(b.mul(rest, b.f64(TURN_HIGH)), b.mul(rest, series));
  const cosine = b.add(b.f64(1), b.mul(z.at(0), polynomial(b, z, C)));
  return { sine, cosine };
}

/** Whether an odd number of quarter turns was taken off. */
export function isOdd(b: FunctionBuilder, quarters: Register): Register {
  return b.eq(b.and(quarters, b.i64(1)), b.i64(1));
}

const SIGN = -(1n << 63n);
const ONE = 0x3ff0000000000000n;

/** sin of `quarters` quarter turns and `rest` turns. */
export function sineOf(b: FunctionBuilder, quarters: Register, rest: Register): Register {
  const { sine, cosine } = sineAndCosine(b, rest);
  const value = b.select(isOdd(b, quarters), cosine, sine);
  const sign = b.and(b.op("i64.shl", quarters, b.i64(62)), b.i64(SIGN));
  return b.mul(value, b.op("f64.reinterpret_i64", b.or(sign, b.i64(ONE))));
}
