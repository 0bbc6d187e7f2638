import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FunctionOp } from "../../operators/program/micro-ops.js";
import { SCALAR_FUNCTIONS } from "../../operators/scalar/functions/index.js";
import { cosineAndSine, type Double, double, exp, log } from "../../scripts/double-double.js";
import { moduleDigest } from "../../scripts/prove-chunk.js";
import { programDigest } from "../../scripts/prove-record.js";
import { ulpError } from "../../scripts/prove-reference.js";
import { directedPairs, measure, randomPair } from "../../scripts/prove-vectors.js";

/**
 * The functions of two arguments against true values of their own: a small part of what
 * `npm run prove -- pow atan2 fmod` does. The random pairs follow the day; set ASSAY_DAY to repeat.
 */
const DAY = Number(process.env.ASSAY_DAY ?? Math.floor(Date.now() / 86_400_000));
const RANDOM_PAIRS = 50_000;

/** The largest errors found, in ULP, as the docstrings state them. */
const STATED: Partial<Record<FunctionOp, number>> = {
  "f32.pow": 0.5 + 2 ** -27.8,
  "f32.atan2": 0.5,
  "f32.fmod": 0,
};

/** What the error of the f64 computation lets be: 4.4 and 1.5 units of its last place. */
const POSSIBLE: Partial<Record<FunctionOp, number>> = {
  "f32.pow": 0.5 + 4.4 * 2 ** -29,
  "f32.atan2": 0.5 + 2 ** -28,
  "f32.fmod": 0,
};

const functions = Object.values(SCALAR_FUNCTIONS).flatMap((f) =>
  f.parameters.length === 2 ? [f.name] : [],
);

interface Recorded {
  readonly program: string;
  readonly module: string;
  readonly largest: number;
}

const recorded = JSON.parse(
  readFileSync(new URL("../../operators/scalar/functions/errors.json", import.meta.url), "utf8"),
) as Record<string, Recorded>;

describe("errors.json", () => {
  it("holds the error of each function of two arguments, as it is now", () => {
    const now = functions.map((op) => [op, programDigest(op), moduleDigest(op)]);
    expect(Object.entries(recorded).map(([op, r]) => [op, r.program, r.module])).toEqual(now);
  });

  it.each(functions)("%s: not more than its docstring states", (op) => {
    expect(recorded[op]?.largest).toBeLessThanOrEqual(STATED[op] as number);
  });
});

describe.each(functions)("%s", (op) => {
  it("is right at every pair of edges", () => {
    const directed = directedPairs(op);
    const { largest } = measure(op, directed.length, (i) => directed[i] ?? [0, 0]);
    expect(largest).toBeLessThanOrEqual(STATED[op] as number);
  });

  it(`is right at ${RANDOM_PAIRS} random pairs (day ${DAY})`, () => {
    const { largest, pairs } = measure(op, RANDOM_PAIRS, (i) => randomPair(op, DAY, i));
    expect(pairs).toBe(RANDOM_PAIRS);
    expect(largest).toBeLessThanOrEqual(POSSIBLE[op] as number);
  });
});

/** The error of a Double against digits, in units of 2^−104 of its size. */
function offBy(value: Double, digits: string): number {
  const scaled = (x: number): bigint => BigInt(Math.round(x * 2 ** 53)) << 97n;
  const got = scaled(value.high) + ((scaled(value.low * 2 ** 53) * 1n) >> 53n);
  const [whole = "", fraction = ""] = digits.split(".");
  const want = (BigInt(whole + fraction) << 150n) / 10n ** BigInt(fraction.length);
  const difference = got > want ? got - want : want - got;
  return Number(difference >> 36n) / 2 ** 10 / value.high;
}

describe("the reference", () => {
  // Digits of e, ln 2, sin 1 and cos 1 from tables (OEIS A001113, A002162, A049469, A049470).
  it("has more than 90 right bits", () => {
    const e = exp(double(1));
    const unscaled = {
      high: e.significand.high * 2 ** e.exponent,
      low: e.significand.low * 2 ** e.exponent,
    };
    expect(offBy(unscaled, "2.718281828459045235360287471352662497757247")).toBeLessThan(2 ** 10);
    expect(offBy(log(2), "0.693147180559945309417232121458176568075500")).toBeLessThan(2 ** 10);
    const one = cosineAndSine(1);
    expect(offBy(one.sine, "0.841470984807896506652502321630298999622563")).toBeLessThan(2 ** 10);
    expect(offBy(one.cosine, "0.540302305868139717400936607442976603732310")).toBeLessThan(2 ** 10);
  });

  it("tells a wrong last bit and a wrong corner", () => {
    expect(ulpError(1 + 2 ** -23, { significand: double(1), exponent: 0 })).toBe(1);
    expect(ulpError(-1, { significand: double(1), exponent: 0 })).toBe(Number.POSITIVE_INFINITY);
    expect(ulpError(0, -0)).toBe(Number.POSITIVE_INFINITY);
    expect(ulpError(Number.NaN, Number.NaN)).toBe(0);
  });

  it("holds sin² + cos² = 1", () => {
    fc.assert(
      fc.property(fc.double({ min: -4, max: 4, noNaN: true }), (x) => {
        const { cosine, sine } = cosineAndSine(x);
        expect(Math.abs(sine.high ** 2 + cosine.high ** 2 - 1)).toBeLessThan(2 ** -50);
      }),
    );
  });
});
