import { describe, expect, test } from "vitest";
import { emptyTensor, f32Tensor, i64Tensor } from "../../operators/index.js";
import { compareTensors } from "../../src/cli/compare.js";

const loose = { rtol: 1e-3, atol: 1e-5 };
const f32 = (...values: number[]) => f32Tensor([values.length], values);

describe("compareTensors", () => {
  test("within atol + rtol·|theirs|, and not beyond", () => {
    expect(compareTensors(f32(1000.5), f32(1000), loose).within).toBe(true);
    expect(compareTensors(f32(1002), f32(1000), loose).within).toBe(false);
    expect(compareTensors(f32(1e-6), f32(0), loose).within).toBe(true);
  });

  test("names the largest difference, and the first of equals", () => {
    const result = compareTensors(f32(1, 2, 3, 4), f32(1, 3, 5, 6), loose);
    expect(result).toEqual({ within: false, differing: 3, elements: 4, largest: 2, at: 2 });
  });

  test("NaN and infinities are equal to themselves and to nothing else", () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const x of odd) {
      expect(compareTensors(f32(x), f32(x), loose)).toMatchObject({ within: true, differing: 0 });
      expect(compareTensors(f32(x), f32(1), loose).within).toBe(false);
      expect(compareTensors(f32(1), f32(x), loose).within).toBe(false);
    }
    expect(compareTensors(f32(0, 5, 1), f32(0, Number.NaN, 9), loose)).toMatchObject({
      largest: Number.NaN,
      at: 1,
    });
  });

  test("the zeros differ in sign, by nothing", () => {
    expect(compareTensors(f32(0), f32(-0), { rtol: 0, atol: 0 })).toMatchObject({
      within: true,
      differing: 1,
    });
  });

  test("integers are compared exactly, also beyond 2^53", () => {
    const [a, b] = [i64Tensor([1], [2n ** 53n]), i64Tensor([1], [2n ** 53n + 1n])];
    expect(compareTensors(a, b, loose)).toEqual({
      within: false,
      differing: 1,
      elements: 1,
      largest: 1,
      at: 0,
    });
    const big = { dtype: "u64" as const, dims: [1], bytes: new Uint8Array(8).fill(0xff) };
    expect(compareTensors(big, emptyTensor("u64", [1]), loose).largest).toBe(2 ** 64);
  });

  test("other types are no comparison", () => {
    expect(() => compareTensors(f32(1), i64Tensor([1], [1]), loose)).toThrow(
      "cannot compare f32[1] with i64[1]",
    );
    expect(() => compareTensors(f32(1, 2), f32Tensor([2, 1], [1, 2]), loose)).toThrow(
      "cannot compare",
    );
  });
});
