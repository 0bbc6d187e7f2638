import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AttributeValue, DType, Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { int, runNode, text } from "../support/run-definition.js";
import { tensorFrom } from "../support/tensors.js";

/** Integer maps against arithmetic on big integers, wrapped to the dtype. */

const WIDTHS: Readonly<Partial<Record<DType, [bits: number, signed: boolean]>>> = {
  i8: [8, true],
  u8: [8, false],
  i16: [16, true],
  u16: [16, false],
  i32: [32, true],
  u32: [32, false],
  i64: [64, true],
  u64: [64, false],
};

const wrap = (dtype: DType, x: bigint): bigint => {
  const [width, signed] = WIDTHS[dtype] as [number, boolean];
  return signed ? BigInt.asIntN(width, x) : BigInt.asUintN(width, x);
};

/** Values of a dtype, often at its limits. */
function values(dtype: DType): fc.Arbitrary<bigint> {
  const [width, signed] = WIDTHS[dtype] as [number, boolean];
  const low = signed ? -(1n << BigInt(width - 1)) : 0n;
  const high = low + (1n << BigInt(width)) - 1n;
  return fc.oneof(
    fc.bigInt({ min: low, max: high }),
    fc.constantFrom(low, low + 1n, high, high - 1n, 0n, 1n, 2n, 7n, signed ? -1n : 3n),
  );
}

const one = (dtype: DType, x: bigint): Tensor => {
  const wide = dtype.endsWith("64") || dtype === "u32";
  return tensorFrom(dtype, [1], [wide ? x : Number(x)]);
};

function run(
  operator: string,
  version: number,
  inputs: readonly Tensor[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Tensor {
  return runNode({ operator, version, inputs, attributes })[0] as Tensor;
}

/** The single element of a tensor as the integer it stands for. */
const elementOf = (t: Tensor): bigint => {
  const value = BigInt(valuesOf(t)[0] as number | bigint);
  return t.dtype === "bool" ? value : wrap(t.dtype, value);
};

type Binary = (x: bigint, y: bigint) => bigint;
const truth = (b: boolean): bigint => (b ? 1n : 0n);
const floorMod: Binary = (x, y) => (y === 0n ? 0n : ((x % y) + y) % y);

const sorted = (x: bigint, y: bigint): [bigint, bigint] => (x < y ? [x, y] : [y, x]);

const BINARY: readonly [operator: string, version: number, expected: Binary][] = [
  ["Add", 14, (x, y) => x + y],
  ["Sub", 14, (x, y) => x - y],
  ["Mul", 14, (x, y) => x * y],
  ["Div", 14, (x, y) => (y === 0n ? 0n : x / y)],
  ["Mod", 13, floorMod],
  ["Min", 13, (x, y) => sorted(x, y)[0]],
  ["Max", 13, (x, y) => sorted(x, y)[1]],
];

const COMPARISONS: readonly [operator: string, version: number, expected: Binary][] = [
  ["Equal", 19, (x, y) => truth(x === y)],
  ["Less", 13, (x, y) => truth(x < y)],
  ["LessOrEqual", 16, (x, y) => truth(x <= y)],
  ["Greater", 13, (x, y) => truth(x > y)],
  ["GreaterOrEqual", 16, (x, y) => truth(x >= y)],
];

describe.each(Object.keys(WIDTHS) as DType[])("%s", (dtype) => {
  const pair = fc.tuple(values(dtype), values(dtype));

  it.each(BINARY)("%s wraps", (operator, version, expected) => {
    fc.assert(
      fc.property(pair, ([x, y]) => {
        const result = run(operator, version, [one(dtype, x), one(dtype, y)]);
        expect(elementOf(result)).toBe(wrap(dtype, expected(x, y)));
      }),
    );
  });

  it.each(COMPARISONS)("%s", (operator, version, expected) => {
    fc.assert(
      fc.property(pair, ([x, y]) => {
        const result = run(operator, version, [one(dtype, x), one(dtype, y)]);
        expect(result.dtype).toBe("bool");
        expect(elementOf(result)).toBe(expected(x, y));
      }),
    );
  });

  it("Mod with fmod = 1 has the dividend's sign", () => {
    fc.assert(
      fc.property(pair, ([x, y]) => {
        const result = run("Mod", 13, [one(dtype, x), one(dtype, y)], { fmod: int(1) });
        expect(elementOf(result)).toBe(y === 0n ? 0n : x % y);
      }),
    );
  });

  it("Abs and Sign", () => {
    fc.assert(
      fc.property(values(dtype), (x) => {
        expect(elementOf(run("Abs", 13, [one(dtype, x)]))).toBe(wrap(dtype, x < 0n ? -x : x));
        expect(elementOf(run("Sign", 13, [one(dtype, x)]))).toBe(x < 0n ? -1n : truth(x > 0n));
      }),
    );
  });
});

describe.each(["i32", "i64"] as const)("Pow of %s", (base) => {
  it.each(Object.keys(WIDTHS) as DType[])("with exponents %s", (exponent) => {
    fc.assert(
      fc.property(values(base), values(exponent), (x, y) => {
        const result = run("Pow", 15, [one(base, x), one(exponent, y)]);
        expect(elementOf(result)).toBe(wrap(base, power(x, y)));
      }),
    );
  });
});

/** x ^ y modulo 2^64; for a negative y the truncated reciprocal, 0 for x = 0. */
function power(x: bigint, y: bigint): bigint {
  if (y < 0n) return x === 1n ? 1n : x === -1n ? (y % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  for (const bit of y.toString(2)) {
    result = BigInt.asUintN(64, result * result);
    if (bit === "1") result = BigInt.asUintN(64, result * x);
  }
  return result;
}

describe("bits", () => {
  it.each(Object.keys(WIDTHS) as DType[])("of %s", (dtype) => {
    fc.assert(
      fc.property(values(dtype), values(dtype), (x, y) => {
        const inputs = [one(dtype, x), one(dtype, y)];
        expect(elementOf(run("BitwiseAnd", 18, inputs))).toBe(wrap(dtype, x & y));
        expect(elementOf(run("BitwiseOr", 18, inputs))).toBe(wrap(dtype, x | y));
        expect(elementOf(run("BitwiseXor", 18, inputs))).toBe(wrap(dtype, x ^ y));
        expect(elementOf(run("BitwiseNot", 18, inputs.slice(0, 1)))).toBe(wrap(dtype, ~x));
      }),
    );
  });

  it.each(["u8", "u16", "u32", "u64"] as const)("shifts of %s", (dtype) => {
    fc.assert(
      fc.property(values(dtype), fc.oneof(fc.bigInt(0n, 70n), values(dtype)), (x, y) => {
        const amount = wrap(dtype, y);
        const inputs = [one(dtype, x), one(dtype, amount)];
        const small = amount < 64n;
        const left = run("BitShift", 11, inputs, { direction: text("LEFT") });
        expect(elementOf(left)).toBe(small ? wrap(dtype, x << amount) : 0n);
        const right = run("BitShift", 11, inputs, { direction: text("RIGHT") });
        expect(elementOf(right)).toBe(small ? x >> amount : 0n);
      }),
    );
  });
});

describe("signed and bool maps", () => {
  it("Neg wraps at the limit; Relu clears negatives", () => {
    const x = tensorFrom("i8", [4], [-128, -1, 0, 127]);
    expect(valuesOf(run("Neg", 13, [x]))).toEqual([-128, 1, 0, -127]);
    expect(valuesOf(run("Relu", 14, [x]))).toEqual([0, 0, 0, 127]);
  });

  it("And, Or, Xor, Not, Equal over all pairs", () => {
    const a = tensorFrom("bool", [4], [0, 0, 1, 1]);
    const b = tensorFrom("bool", [4], [0, 1, 0, 1]);
    expect(valuesOf(run("And", 7, [a, b]))).toEqual([0, 0, 0, 1]);
    expect(valuesOf(run("Or", 7, [a, b]))).toEqual([0, 1, 1, 1]);
    expect(valuesOf(run("Xor", 7, [a, b]))).toEqual([0, 1, 1, 0]);
    expect(valuesOf(run("Equal", 19, [a, b]))).toEqual([1, 0, 0, 1]);
    expect(valuesOf(run("Not", 1, [a]))).toEqual([1, 1, 0, 0]);
  });

  it("Where broadcasts condition and branches of any dtype", () => {
    const condition = tensorFrom("bool", [2, 1], [1, 0]);
    const a = tensorFrom("u64", [2], [1n, 2n]);
    const b = tensorFrom("u64", [], [9n]);
    const result = run("Where", 16, [condition, a, b]);
    expect(result.dims).toEqual([2, 2]);
    expect(valuesOf(result)).toEqual([1n, 2n, 9n, 9n]);
  });
});
