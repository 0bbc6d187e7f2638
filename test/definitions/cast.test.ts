import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DTYPES, type DType, isFloat, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { int, runNode } from "../support/run-definition.js";
import { bitsOf, counting, tensorFrom } from "../support/tensors.js";

/** Cast: every pair of dtypes, one rounding each (contract rules 3 and 4). */

function cast(x: Tensor, to: DType): Tensor {
  const attributes = { to: int(DTYPES[to].code) };
  return runNode({ operator: "Cast", version: 25, inputs: [x], attributes })[0] as Tensor;
}

const ALL = Object.keys(DTYPES) as DType[];
const integers = ALL.filter((d) => !isFloat(d) && d !== "bool");
const INF = Number.POSITIVE_INFINITY;

/** Limits of an integer dtype. */
function limits(dtype: DType): [low: bigint, high: bigint] {
  const width = BigInt(DTYPES[dtype].size * 8);
  const low = dtype.startsWith("i") ? -(1n << (width - 1n)) : 0n;
  return [low, low + (1n << width) - 1n];
}

/** Elements as the integers they stand for (u64 registers hold their bits). */
function integersOf(t: Tensor): bigint[] {
  return valuesOf(t).map((v) => (t.dtype === "u64" ? BigInt.asUintN(64, BigInt(v)) : BigInt(v)));
}

describe.each(ALL)("from %s", (from) => {
  it.each(ALL)("to %s keeps small values", (to) => {
    const x = counting(from, [2, 3]);
    const result = cast(x, to);
    const want = from === "bool" ? [0, 1, 0, 1, 0, 1] : [1, 2, 3, 4, 5, 6];
    expect(result.dtype).toBe(to);
    expect(result.dims).toEqual([2, 3]);
    expect(valuesOf(result).map(Number)).toEqual(
      to === "bool" ? want.map((v) => (v ? 1 : 0)) : want,
    );
  });
});

describe("float to integer truncates, saturates, and takes NaN to 0", () => {
  it.each(["f32", "f64", "f16", "bf16"] as const)("from %s", (from) => {
    const x = tensorFrom(from, [7], [-INF, -1.5, -0, Number.NaN, 1.5, 2.75, INF]);
    for (const to of integers) {
      const [low, high] = limits(to);
      const below = low === 0n ? 0n : -1n;
      expect(integersOf(cast(x, to)), to).toEqual([low, below, 0n, 0n, 1n, 2n, high]);
    }
  });

  it("at the edges of the range", () => {
    const x = tensorFrom("f64", [4], [4294967295.9, 4294967296, -0.9, 1e300]);
    expect(integersOf(cast(x, "u32"))).toEqual([4294967295n, 4294967295n, 0n, 4294967295n]);
    const y = tensorFrom("f32", [3], [127.9, 128, -129]);
    expect(integersOf(cast(y, "i8"))).toEqual([127n, 127n, -128n]);
    const z = tensorFrom("f64", [2], [2 ** 63, 2 ** 64]);
    expect(integersOf(cast(z, "u64"))).toEqual([1n << 63n, (1n << 64n) - 1n]);
    expect(integersOf(cast(z, "i64"))).toEqual([(1n << 63n) - 1n, (1n << 63n) - 1n]);
  });
});

describe("integer to integer wraps", () => {
  it.each(integers)("from %s", (from) => {
    const [low, high] = limits(from);
    const wide = DTYPES[from].register === "i64";
    const values = [low, high, low + 1n, high - 1n, 0n];
    const x = tensorFrom(from, [5], wide ? values : values.map(Number));
    for (const to of integers) {
      const width = DTYPES[to].size * 8;
      const wrap = to.startsWith("i") ? BigInt.asIntN : BigInt.asUintN;
      expect(integersOf(cast(x, to)), to).toEqual(values.map((v) => wrap(width, v)));
    }
  });
});

describe("to bool is x ≠ 0", () => {
  it("floats: NaN is true, −0 is false", () => {
    const x = tensorFrom("f32", [4], [Number.NaN, -0, 2 ** -149, INF]);
    expect(valuesOf(cast(x, "bool"))).toEqual([1, 0, 1, 1]);
    expect(valuesOf(cast(tensorFrom("i64", [2], [1n << 40n, 0n]), "bool"))).toEqual([1, 0]);
  });
});

describe("one rounding", () => {
  it("i64 → f32 does not pass through f64", () => {
    expect(bitsOf(cast(tensorFrom("i64", [1], [0x4000004000000001n]), "f32"))).toEqual([
      "5e800001",
    ]);
  });

  it("f64 → f16 and bf16 do not pass through f32", () => {
    // Just above the midpoint of two halves, by less than f32 can see.
    const x = tensorFrom("f64", [2], [1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -11]);
    expect(bitsOf(cast(x, "f16"))).toEqual(["3c01", "3c00"]);
    const y = tensorFrom("f64", [2], [1 + 2 ** -8 + 2 ** -40, 1 + 2 ** -8]);
    expect(bitsOf(cast(y, "bf16"))).toEqual(["3f81", "3f80"]);
  });

  const formats = [
    ["f32", 24, 1000],
    ["f16", 11, 16],
    ["bf16", 8, 1000],
  ] as const;
  const sources = [
    ["i64", true],
    ["u64", false],
    ["u32", false],
    ["i32", true],
  ] as const;
  const pairs = sources.flatMap(([from]) => formats.map(([to, p, e]) => [from, to, p, e] as const));

  it.each(pairs)("%s → %s equals rounding the integer", (from, to, precision, maxBits) => {
    const [low, high] = limits(from);
    const any = fc.bigInt({ min: low, max: high });
    // Values one off a midpoint at every magnitude: what double rounding gets wrong.
    const nearTie = fc
      .tuple(fc.bigInt({ min: 1n, max: (1n << BigInt(precision)) - 1n }), fc.nat(40), fc.nat(2))
      .map(([head, shift, off]) => {
        const x = (((head << 1n) | 1n) << BigInt(shift)) + BigInt(off - 1);
        return from.startsWith("i")
          ? BigInt.asIntN(DTYPES[from].size * 8, x)
          : BigInt.asUintN(DTYPES[from].size * 8, x);
      });
    fc.assert(
      fc.property(fc.oneof(any, nearTie, fc.constantFrom(low, high)), (x) => {
        const wide = DTYPES[from].register === "i64";
        const result = cast(tensorFrom(from, [1], [wide ? x : Number(x)]), to);
        expect(valuesOf(result)).toEqual([rounded(x, precision, maxBits)]);
      }),
      { numRuns: 500 },
    );
  });
});

/** The integer rounded half to even to `precision` bits, infinite beyond `maxBits` bits. */
function rounded(x: bigint, precision: number, maxBits: number): number {
  const magnitude = x < 0n ? -x : x;
  const excess = BigInt(Math.max(0, magnitude.toString(2).length - precision));
  const rest = magnitude & ((1n << excess) - 1n);
  const half = excess === 0n ? 1n : 1n << (excess - 1n);
  const kept = magnitude >> excess;
  const up = rest > half || (rest === half && excess > 0n && kept % 2n === 1n);
  const whole = (kept + (up ? 1n : 0n)) << excess;
  const value = whole.toString(2).length > maxBits ? INF : Number(whole);
  return x < 0n ? -value : value;
}

describe("CastLike", () => {
  it("takes the dtype of its second input", () => {
    const inputs = [tensorFrom("f32", [2], [1.9, -3]), tensorFrom("i16", [0], [])];
    const [result] = runNode({ operator: "CastLike", version: 19, inputs });
    expect(result).toEqual(tensorFrom("i16", [2], [1, -3]));
  });
});
