import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AttributeValue, Tensor } from "../../operators/index.js";
import { float, int, runNode, text } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** Edge cases of float maps, bit for bit. */

const INF = Number.POSITIVE_INFINITY;
const NAN = Number.NaN;
const f32 = (...values: number[]): Tensor => tensorFrom("f32", [values.length], values);

function run(
  operator: string,
  version: number,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  domain = "",
): Tensor {
  return runNode({ operator, version, inputs, attributes, domain })[0] as Tensor;
}

const bits = (...args: Parameters<typeof run>): string[] => bitsOf(run(...args));
const hex = (...values: number[]): string[] => bitsOf(f32(...values));

describe("signs, zeros and NaN", () => {
  it("Relu: NaN stays, −0 becomes +0", () => {
    expect(bits("Relu", 14, [f32(NAN, -0, 0, -1, 2, -INF, INF)])).toEqual(
      hex(NAN, 0, 0, 0, 2, 0, INF),
    );
  });

  it("LeakyRelu and PRelu: −0 and NaN stay, the slope applies below zero", () => {
    const x = f32(NAN, -0, 0, -2, 3);
    const want = hex(NAN, -0, 0, -1, 3);
    expect(bits("LeakyRelu", 16, [x], { alpha: float(0.5) })).toEqual(want);
    expect(bits("PRelu", 16, [x, f32(0.5)])).toEqual(want);
  });

  it("Abs, Neg, Sign", () => {
    const x = f32(NAN, -0, 0, -INF, 2);
    expect(bits("Abs", 13, [x])).toEqual(hex(NAN, 0, 0, INF, 2));
    expect(bits("Neg", 13, [x])).toEqual(hex(NAN, 0, -0, INF, -2));
    expect(bits("Sign", 13, [x])).toEqual(hex(NAN, 0, 0, -1, 1));
  });

  it("Min and Max: NaN wins, +0 > −0, left to right over three operands", () => {
    const [a, b, c] = [f32(0, NAN, 1, -0), f32(-0, 1, 2, 0), f32(-0, 5, NAN, 0)];
    expect(bits("Max", 13, [a, b, c])).toEqual(hex(0, NAN, NAN, 0));
    expect(bits("Min", 13, [a, b, c])).toEqual(hex(-0, NAN, NAN, -0));
  });

  it("Round is half to even; Floor and Ceil keep −0", () => {
    expect(bits("Round", 22, [f32(0.5, 1.5, 2.5, -0.5, -1.5, -0, 8388607.5, NAN)])).toEqual(
      hex(0, 2, 2, -0, -2, -0, 8388608, NAN),
    );
    expect(bits("Floor", 13, [f32(-0, 0.5, -0.5)])).toEqual(hex(-0, 0, -1));
    expect(bits("Ceil", 13, [f32(-0, 0.5, -0.5)])).toEqual(hex(-0, 1, -0));
  });

  it("Sqrt and Reciprocal", () => {
    expect(bits("Sqrt", 13, [f32(-0, -1, INF, 2)])).toEqual(
      hex(-0, NAN, INF, Math.fround(Math.SQRT2)),
    );
    expect(bits("Reciprocal", 13, [f32(-0, 0, -INF, 3)])).toEqual(
      hex(-INF, INF, -0, Math.fround(1 / 3)),
    );
  });

  it("comparisons: −0 equals +0, nothing compares with NaN", () => {
    const [a, b] = [f32(-0, NAN, 1, -INF), f32(0, NAN, 2, INF)];
    expect(bits("Equal", 19, [a, b])).toEqual(["01", "00", "00", "00"]);
    expect(bits("Less", 13, [a, b])).toEqual(["00", "00", "01", "01"]);
    expect(bits("LessOrEqual", 16, [a, b])).toEqual(["01", "00", "01", "01"]);
    expect(bits("Greater", 13, [b, a])).toEqual(["00", "00", "01", "01"]);
    expect(bits("GreaterOrEqual", 16, [b, a])).toEqual(["01", "00", "01", "01"]);
  });

  it("IsNaN and IsInf", () => {
    const x = f32(NAN, INF, -INF, 0);
    expect(bits("IsNaN", 20, [x])).toEqual(["01", "00", "00", "00"]);
    expect(bits("IsInf", 20, [x])).toEqual(["00", "01", "01", "00"]);
    expect(bits("IsInf", 20, [x], { detect_negative: int(0) })).toEqual(["00", "01", "00", "00"]);
  });
});

describe("Clip", () => {
  const x = f32(-INF, -2, NAN, 2, INF);
  const scalar = (v: number): Tensor => tensorFrom("f32", [], [v]);

  it("is min(max(x, lo), hi), so hi wins where the bounds cross", () => {
    expect(bits("Clip", 13, [x, scalar(1), scalar(-1)])).toEqual(hex(-1, -1, NAN, -1, -1));
    expect(bits("Clip", 13, [f32(5), scalar(0), scalar(NAN)])).toEqual(hex(NAN));
  });

  it("takes a bound left out as no bound from version 11, as the largest f32 before", () => {
    expect(bits("Clip", 13, [x, undefined, scalar(1)])).toEqual(hex(-INF, -2, NAN, 1, 1));
    expect(bits("Clip", 13, [x])).toEqual(hex(-INF, -2, NAN, 2, INF));
    const largest = 3.4028234663852886e38;
    expect(bits("Clip", 6, [x])).toEqual(hex(-largest, -2, NAN, 2, largest));
  });
});

describe("order of operations", () => {
  it("Sum adds from left to right", () => {
    const terms = [1, 2 ** -24, 2 ** -24].map((v) => f32(v));
    expect(bits("Sum", 13, terms)).toEqual(hex(1));
    expect(bits("Sum", 13, [...terms].reverse())).toEqual(hex(1 + 2 ** -23));
    expect(bits("Sum", 13, [f32(-0)])).toEqual(hex(-0));
  });

  it("f16 and bf16 compute in f32 and round once at the output", () => {
    // 2048 + 1 + 1 is 2050 when the sum stays f32; rounding to f16 in between would give 2048.
    const h = (v: number) => tensorFrom("f16", [1], [v]);
    expect(bits("Sum", 13, [h(2048), h(1), h(1)])).toEqual(bitsOf(h(2050)));
    const w = (v: number) => tensorFrom("bf16", [1], [v]);
    expect(bits("Sum", 13, [w(256), w(1), w(1)])).toEqual(bitsOf(w(258)));
  });

  it("Mean divides the sum, and never multiplies by a reciprocal", () => {
    const sum = Math.fround(1 + 2 + 4);
    expect(bits("Mean", 13, [f32(1), f32(2), f32(4)])).toEqual(hex(Math.fround(sum / 3)));
    // 41 · fl(1 ÷ 41) is below 1 in binary32.
    const many = Array.from({ length: 41 }, () => f32(1));
    expect(bits("Mean", 13, many)).toEqual(hex(1));
  });

  it("HardSwish, Softsign, ThresholdedRelu", () => {
    const x = f32(NAN, -0, 0, 6, -6, INF, -INF, 1);
    expect(bits("HardSwish", 22, [x]).slice(0, 6)).toEqual(hex(NAN, -0, 0, 6, -0, INF));
    expect(bits("Softsign", 22, [f32(NAN, -0, 1, INF, -3)])).toEqual(hex(NAN, -0, 0.5, NAN, -0.75));
    expect(bits("ThresholdedRelu", 22, [x])).toEqual(hex(0, 0, 0, 6, 0, INF, 0, 0));
  });

  it("Elu, Celu, Selu: −0 stays, the exponential part is expm1", () => {
    const x = f32(NAN, -0, 0, -INF, INF, 2 ** -30, -(2 ** -30));
    const tiny = -(2 ** -30);
    const want = hex(NAN, -0, 0, -0.5, INF, -tiny, tiny / 2);
    expect(bits("Elu", 22, [x], { alpha: float(0.5) })).toEqual(want);
    expect(bits("Celu", 12, [x], { alpha: float(0.5) })).toEqual(
      hex(NAN, -0, 0, -0.5, INF, -tiny, tiny),
    );
    const gamma = { alpha: float(0.5), gamma: float(2) };
    expect(bits("Selu", 22, [x], gamma)).toEqual(hex(NAN, -0, 0, -1, INF, -2 * tiny, tiny));
    // The defaults are those of the schema, rounded to f32.
    const [alpha, scale] = [Math.fround(1.6732631921768188), Math.fround(1.0507010221481323)];
    expect(bits("Selu", 22, [f32(-INF, 1)])).toEqual(hex(-Math.fround(alpha * scale), scale));
  });

  it("Mish and Shrink at their edges", () => {
    expect(bits("Mish", 22, [f32(NAN, -0, 0, -INF, INF, 100)])).toEqual(
      hex(NAN, -0, 0, NAN, INF, 100),
    );
    const x = f32(NAN, -0, 0.5, -0.5, 0.75, -0.75, INF, -INF);
    expect(bits("Shrink", 9, [x], { bias: float(0.25) })).toEqual(
      hex(0, 0, 0, 0, 0.5, -0.5, INF, -INF),
    );
  });

  it("the hyperbolic functions and their inverses", () => {
    const x = f32(NAN, -0, 0, -INF, INF, 1);
    expect(bits("Sinh", 22, [x]).slice(0, 5)).toEqual(hex(NAN, -0, 0, -INF, INF));
    expect(bits("Cosh", 22, [x]).slice(0, 5)).toEqual(hex(NAN, 1, 1, INF, INF));
    expect(bits("Asinh", 22, [x]).slice(0, 5)).toEqual(hex(NAN, -0, 0, -INF, INF));
    expect(bits("Acosh", 22, [x])).toEqual(hex(NAN, NAN, NAN, NAN, INF, 0));
    expect(bits("Atanh", 22, [x])).toEqual(hex(NAN, -0, 0, NAN, NAN, INF));
  });

  it("HardSigmoid rounds the product before the sum", () => {
    const x = Math.fround(1.1);
    const line = Math.fround(Math.fround(Math.fround(0.2) * x) + 0.5);
    expect(bits("HardSigmoid", 22, [f32(x, -9, 9, NAN)])).toEqual(hex(line, 0, 1, NAN));
  });

  it("Sigmoid, Swish, Gelu and Softplus at their edges", () => {
    const x = f32(0, -0, INF, -INF, NAN, 100, -200);
    expect(bits("Sigmoid", 13, [x])).toEqual(hex(0.5, 0.5, 1, 0, NAN, 1, 0));
    expect(bits("Swish", 24, [x])).toEqual(hex(0, -0, INF, NAN, NAN, 100, -0));
    expect(bits("Gelu", 20, [x])).toEqual(hex(0, -0, INF, NAN, NAN, 100, -0));
    const tanh = { approximate: text("tanh") };
    expect(bits("Gelu", 20, [x], tanh)).toEqual(hex(0, -0, INF, NAN, NAN, 100, -0));
    const softplus = run("Softplus", 22, [f32(20, Math.fround(20.000002), INF, -INF, NAN)]);
    expect(bitsOf(softplus)).toEqual(hex(20, Math.fround(20.000002), INF, 0, NAN));
  });

  it("the contributed forms equal the standard ones", () => {
    const x = f32(-3, -0.5, 0.25, 1, 7);
    expect(bits("Gelu", 1, [x], {}, "com.microsoft")).toEqual(bits("Gelu", 20, [x]));
    const tanhForm = bits("Gelu", 20, [x], { approximate: text("tanh") });
    expect(bits("FastGelu", 1, [x], {}, "com.microsoft")).toEqual(tanhForm);
    expect(bits("FastGelu", 1, [f32(-2), f32(-1)], {}, "com.microsoft")).toEqual(
      tanhForm.slice(0, 1),
    );
    expect(bits("QuickGelu", 1, [x], { alpha: float(1) }, "com.microsoft")).toEqual(
      bits("Swish", 24, [x]),
    );
  });

  it("Pow has the IEEE corners", () => {
    const [x, y] = [f32(NAN, 1, 0, -0, -8, 2, 0), f32(0, NAN, -1, -3, 2, -149, 0)];
    expect(bits("Pow", 15, [x, y])).toEqual(hex(1, 1, INF, -INF, 64, 2 ** -149, 1));
  });
});

describe("broadcasting", () => {
  it("merges axes and keeps the elements", () => {
    const a = tensorFrom("f32", [2, 1, 3], [1, 2, 3, 4, 5, 6]);
    const b = tensorFrom("f32", [2, 1], [10, 20]);
    const sum = run("Add", 14, [a, b]);
    expect(sum.dims).toEqual([2, 2, 3]);
    expect(bitsOf(sum)).toEqual(hex(11, 12, 13, 21, 22, 23, 14, 15, 16, 24, 25, 26));
  });

  it("has empty and scalar results, and ranks beyond a program's", () => {
    expect(run("Add", 14, [tensorFrom("f32", [0, 3], []), f32(1)]).dims).toEqual([0, 3]);
    const scalar = tensorFrom("f32", [], [2]);
    expect(run("Mul", 14, [scalar, scalar])).toEqual(tensorFrom("f32", [], [4]));
    const deep = tensorFrom("f32", [1, 1, 1, 1, 1, 2, 1, 1, 1, 2], [1, 2, 3, 4]);
    expect(bitsOf(run("Add", 14, [deep, f32(1, 2)]))).toEqual(hex(2, 4, 4, 6));
  });

  it("aligns the second operand at `axis` in version 6", () => {
    const a = tensorFrom("f32", [1, 2, 2], [1, 2, 3, 4]);
    const attributes = { broadcast: int(1), axis: int(1) };
    expect(bits("Add", 6, [a, f32(10, 20)], attributes)).toEqual(hex(11, 12, 23, 24));
  });
});

describe("Mod of floats", () => {
  const edge = fc.oneof(
    fc.float({ noDefaultInfinity: false }),
    fc.constantFrom(2 ** -149, 3.4028234663852886e38, 1, -1, 0, -0, 3 * 2 ** -149, INF, NAN),
  );

  it("is exact: equals the remainder of JavaScript, itself exact", () => {
    fc.assert(
      fc.property(edge, edge, (x, y) => {
        expect(bits("Mod", 13, [f32(x), f32(y)], { fmod: int(1) })).toEqual(hex(x % y));
      }),
      { numRuns: 1000 },
    );
  });
});
