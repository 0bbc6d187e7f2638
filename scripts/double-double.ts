/**
 * Numbers of about 104 bits as unevaluated sums of two f64, high + low, |low| ≤ half a unit of high,
 * and exp, log, sin and cos of them by Taylor series. Made to judge the scalar functions: it shares
 * no formula, coefficient or block with their programs. Absolute errors are below 2^−95, relative
 * ones too but for the logarithm near 1, whose argument an f32 leaves at least 2^−25 from 1: 2^−70.
 *
 * Source: Dekker, "A floating-point technique for extending the available precision", 1971.
 */
export interface Double {
  readonly high: number;
  readonly low: number;
}

export const double = (high: number): Double => ({ high, low: 0 });

/** a + b exactly, for any order of magnitudes. */
function twoSum(a: number, b: number): Double {
  const high = a + b;
  const back = high - a;
  return { high, low: a - (high - back) + (b - back) };
}

/** a + b exactly, for |a| ≥ |b|. */
function fastTwoSum(a: number, b: number): Double {
  const high = a + b;
  return { high, low: b - (high - a) };
}

const SPLITTER = 2 ** 27 + 1;

/** a·b exactly, while nothing overflows or underflows. */
function twoProduct(a: number, b: number): Double {
  const ca = SPLITTER * a;
  const aHigh = ca - (ca - a);
  const aLow = a - aHigh;
  const cb = SPLITTER * b;
  const bHigh = cb - (cb - b);
  const bLow = b - bHigh;
  const high = a * b;
  return { high, low: aLow * bLow - (high - aHigh * bHigh - aLow * bHigh - aHigh * bLow) };
}

export function add(a: Double, b: Double): Double {
  const s = twoSum(a.high, b.high);
  const t = twoSum(a.low, b.low);
  const u = fastTwoSum(s.high, s.low + t.high);
  return fastTwoSum(u.high, u.low + t.low);
}

export function negate(a: Double): Double {
  return { high: -a.high, low: -a.low };
}

export function subtract(a: Double, b: Double): Double {
  return add(a, negate(b));
}

export function multiply(a: Double, b: Double): Double {
  const p = twoProduct(a.high, b.high);
  return fastTwoSum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

export function divide(a: Double, b: Double): Double {
  const first = a.high / b.high;
  const rest = subtract(a, multiply(b, double(first)));
  const second = rest.high / b.high;
  const last = subtract(rest, multiply(b, double(second))).high / b.high;
  const q = fastTwoSum(first, second);
  return add(q, double(last));
}

/** a·2^k, exact while nothing overflows or underflows. */
export function scale(a: Double, k: number): Double {
  const factor = 2 ** k;
  return { high: a.high * factor, low: a.low * factor };
}

/** 1/n! for n = 0, 1, 2, …; enough for |x| ≤ ½. */
const INVERSE_FACTORIALS: readonly Double[] = inverseFactorials(24);

function inverseFactorials(count: number): Double[] {
  const result = [double(1)];
  for (let n = 1; n < count; n++) result.push(divide(result[n - 1] as Double, double(n)));
  return result;
}

/** Σ xⁿ/n! over n = first, first + step, …, with `sign` alternating every term where it is −1. */
function series(x: Double, first: number, step: 1 | 2, sign: 1 | -1): Double {
  const power = step === 1 ? x : multiply(x, x);
  const ratio = sign === 1 ? power : negate(power);
  let last = INVERSE_FACTORIALS.length - 1;
  while ((last - first) % step !== 0) last--;
  let sum = INVERSE_FACTORIALS[last] as Double;
  for (let n = last - step; n >= first; n -= step) {
    sum = add(INVERSE_FACTORIALS[n] as Double, multiply(sum, ratio));
  }
  return first === 0 ? sum : multiply(sum, x);
}

/** ln 2 = 8·ln(2^⅛), from the series of artanh(⅓): ln 2 = 2·Σ 3^−(2n+1)/(2n+1). */
const LN2: Double = (() => {
  let sum = double(0);
  for (let n = 33; n >= 0; n--) {
    const term = divide(double(1), double(2 * n + 1));
    sum = add(divide(sum, double(9)), term);
  }
  return divide(scale(sum, 1), double(3));
})();

/** e^x = significand·2^exponent for |x| < 2^10, the significand between 0.7 and 1.5. */
export function exp(x: Double): { readonly significand: Double; readonly exponent: number } {
  const exponent = Math.round(x.high / LN2.high);
  const r = subtract(x, multiply(LN2, double(exponent)));
  return { significand: series(r, 0, 1, 1), exponent };
}

/** log x of an f64 within f32's range: one step of third order from the engine's own logarithm. */
export function log(x: number): Double {
  const guess = Math.log(x);
  const { significand, exponent } = exp(double(guess));
  const scaled = double(x * 2 ** -exponent);
  const difference = subtract(scaled, significand);
  return add(double(guess), scale(divide(difference, add(scaled, significand)), 1));
}

/** cos x and sin x for |x| ≤ 4: the series at x/8, doubled three times. */
export function cosineAndSine(x: number): { readonly cosine: Double; readonly sine: Double } {
  const eighth = double(x / 8);
  let sine = series(eighth, 1, 2, -1);
  let cosine = series(eighth, 0, 2, -1);
  for (let i = 0; i < 3; i++) {
    const doubled = scale(multiply(sine, cosine), 1);
    cosine = subtract(double(1), scale(multiply(sine, sine), 1));
    sine = doubled;
  }
  return { cosine, sine };
}
