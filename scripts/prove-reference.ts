import type { FunctionOp } from "../operators/program/micro-ops.js";
import {
  add,
  cosineAndSine,
  type Double,
  divide,
  double,
  exp,
  log,
  multiply,
  scale,
  subtract,
} from "./double-double.js";

/**
 * The true values of the functions of two arguments, for f32 arguments: exact for fmod (integers),
 * to at least 2^−70 of the value for pow and atan2. Corners are those of C99 Annex F.
 */

/** An exact value, or significand·2^exponent. */
export type Truth = number | { readonly significand: Double; readonly exponent: number };

type Reference = (first: number, second: number) => Truth;

const NAN = Number.NaN;
const INFINITY = Number.POSITIVE_INFINITY;

const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);
const withSign = (magnitude: number, x: number): number => (isNegative(x) ? -magnitude : magnitude);

/** Beyond e^±130 a result is ∞ or 0 in f32 whatever follows. */
const BEYOND = 130;

function pow(x: number, y: number): Truth {
  if (y === 0 || x === 1) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NAN;
  const isOdd = Math.abs(y % 2) === 1;
  const magnitude = Math.abs(x);
  const sign = isOdd && isNegative(x) ? -1 : 1;
  if (magnitude === 1 && (Math.abs(y) === INFINITY || Number.isInteger(y))) return sign;
  if (Math.abs(y) === INFINITY) return magnitude > 1 === y > 0 ? INFINITY : 0;
  if (magnitude === 0 || magnitude === INFINITY) {
    return sign * ((magnitude === 0) === y > 0 ? 0 : INFINITY);
  }
  if (x < 0 && !Number.isInteger(y)) return NAN;
  const t = multiply(log(magnitude), double(y));
  if (t.high > BEYOND) return sign * INFINITY;
  if (t.high < -BEYOND) return sign * 0;
  const { significand, exponent } = exp(t);
  return { significand: multiply(significand, double(sign)), exponent };
}

/** π from sin π_high = π − π_high − …, of third order. */
const PI = add(double(Math.PI), cosineAndSine(Math.PI).sine);

/** `eighths` of π with the sign of y. */
function eighthsOfPi(eighths: number, y: number): Truth {
  const significand = multiply(PI, double(withSign(eighths, y)));
  return { significand, exponent: -3 };
}

/** One step of third order from the engine's own angle. */
function atan2(y: number, x: number): Truth {
  if (Number.isNaN(x) || Number.isNaN(y)) return NAN;
  if (Math.abs(y) === INFINITY) {
    if (Math.abs(x) !== INFINITY) return eighthsOfPi(4, y);
    return eighthsOfPi(x > 0 ? 2 : 6, y);
  }
  if (y === 0 || Math.abs(x) === INFINITY) {
    return isNegative(x) ? eighthsOfPi(8, y) : withSign(0, y);
  }
  const guess = Math.atan2(y, x);
  const { cosine, sine } = cosineAndSine(guess);
  const [dx, dy] = [double(x), double(y)];
  const across = subtract(multiply(dy, cosine), multiply(dx, sine));
  const along = add(multiply(dx, cosine), multiply(dy, sine));
  return { significand: add(double(guess), divide(across, along)), exponent: 0 };
}

/** A finite f32 as integer·2^exponent. */
function decompose(x: number): { readonly integer: bigint; readonly exponent: number } {
  const exponent = Math.max(exponentOf(x), -126) - 23;
  return { integer: BigInt(x / 2 ** exponent), exponent };
}

function fmod(x: number, y: number): Truth {
  if (Number.isNaN(x) || Number.isNaN(y) || Math.abs(x) === INFINITY || y === 0) return NAN;
  if (x === 0 || Math.abs(y) === INFINITY) return x;
  const a = decompose(Math.abs(x));
  const b = decompose(Math.abs(y));
  const exponent = Math.min(a.exponent, b.exponent);
  const dividend = a.integer << BigInt(a.exponent - exponent);
  const rest = dividend % (b.integer << BigInt(b.exponent - exponent));
  return withSign(Number(rest) * 2 ** exponent, x);
}

export const REFERENCES: Partial<Readonly<Record<FunctionOp, Reference>>> = {
  "f32.pow": pow,
  "f32.atan2": atan2,
  "f32.fmod": fmod,
};

const scratch = new DataView(new ArrayBuffer(8));

/** ⌊log2|x|⌋ of a normal f64. */
function exponentOf(x: number): number {
  scratch.setFloat64(0, x);
  return ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023;
}

/**
 * |result − truth| in units of the last place that an f32 of the truth's size has. ∞ counts as
 * 2^128, and every truth beyond that as 2^128. A wrong exact value is ∞ units away.
 */
export function ulpError(result: number, truth: Truth): number {
  if (typeof truth === "number") return Object.is(result, truth) ? 0 : INFINITY;
  const { significand, exponent } = truth;
  if (Number.isNaN(result) || isNegative(result) !== isNegative(significand.high)) return INFINITY;
  const magnitude = exponentOf(significand.high) + exponent;
  const isInfinite = Math.abs(result) === INFINITY;
  if (magnitude >= 128) return isInfinite ? 0 : INFINITY;
  const unit = Math.max(magnitude, -126) - 23;
  const finite = isInfinite ? withSign(2 ** 128, result) : result;
  const difference = subtract(double(finite * 2 ** -unit), scale(significand, exponent - unit));
  return Math.abs(difference.high);
}
