import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { f32Tensor, i64Tensor, type Tensor } from "../../operators/index.js";
import { coordinates, flatten, laneSum, seeded } from "../support/reference.js";
import { int, ints, lowerNode, runNode } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** Sums over 32 lanes and a tree, against the rule word by word. */

const f32 = (...values: number[]): Tensor => f32Tensor([values.length], values);

function reduce(operator: string, x: Tensor, axes?: readonly number[]): Tensor {
  const inputs = axes ? [x, i64Tensor([axes.length], axes)] : [x];
  const version = operator === "ReduceSum" ? 13 : 18;
  return runNode({ operator, version, inputs, attributes: { keepdims: int(0) } })[0] as Tensor;
}

/** The rows of a reduction, each in row-major order of the reduced axes. */
function rowsOf(x: Tensor, values: readonly number[], axes: readonly number[]): number[][] {
  const kept = x.dims.map((d, i) => (axes.includes(i) ? 1 : d));
  const folded = x.dims.map((d, i) => (axes.includes(i) ? d : 1));
  return coordinates(kept).map((base) =>
    coordinates(folded).map((at) => {
      const flat = flatten(
        at.map((c, i) => c + (base[i] as number)),
        x.dims,
      );
      return values[flat as number] as number;
    }),
  );
}

function expectLaneSums(
  dims: readonly number[],
  values: readonly number[],
  axes: readonly number[],
) {
  const x = f32Tensor(dims, values);
  const want = rowsOf(x, values, axes).map((row) => laneSum(row));
  expect(bitsOf(reduce("ReduceSum", x, axes))).toEqual(bitsOf(f32Tensor([want.length], want)));
}

describe("one axis", () => {
  it("every length up to 200, and around multiples of 32", () => {
    for (const n of [...Array(201).keys(), 1023, 1024, 1025]) {
      expectLaneSums([2, n], seeded(2 * n, n + 1), [1]);
    }
  });

  it("is +0 for −0 alone, whatever the number", () => {
    for (const n of [1, 2, 3, 16, 17, 31, 32, 33, 64, 65]) {
      expect(bitsOf(reduce("ReduceSum", f32(...new Array<number>(n).fill(-0))))).toEqual([
        "00000000",
      ]);
    }
  });

  it("keeps −0 partners from showing, wherever the other values lie", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(-0, 0, 1, -1, 2 ** -149, -(2 ** -149)), {
          minLength: 1,
          maxLength: 40,
        }),
        (values) => expectLaneSums([values.length], values, [0]),
      ),
      { numRuns: 500 },
    );
  });

  it("NaN and infinities", () => {
    for (let seed = 1; seed < 40; seed++) expectLaneSums([3, 45], seeded(135, seed, true), [1]);
  });

  it("an inner axis is kept apart: the rows are strided", () => {
    expectLaneSums([3, 70, 5], seeded(1050, 7), [1]);
    expectLaneSums([40, 6], seeded(240, 8), [0]);
  });
});

describe("several axes", () => {
  const shapes: [readonly number[], readonly number[]][] = [
    [
      [3, 4, 5, 6],
      [1, 3],
    ],
    [
      [5, 3, 7],
      [0, 2],
    ],
    [
      [4, 2, 32],
      [0, 2],
    ],
    [
      [3, 2, 64],
      [0, 2],
    ],
    [
      [6, 2, 3, 2, 5],
      [0, 2, 4],
    ],
    [
      [2, 3, 4, 5, 2],
      [1, 2, 3],
    ],
    [
      [7, 1, 9],
      [0, 1, 2],
    ],
    [
      [8, 8, 8],
      [0, 1, 2],
    ],
    [
      [2, 1, 1],
      [1, 2],
    ],
  ];
  it.each(shapes)("dims %j, axes %j", (dims, axes) => {
    const count = dims.reduce((n, d) => n * d, 1);
    expectLaneSums(dims, seeded(count, count), axes);
  });

  it("reads through integer division only where 32 does not divide the innermost extent", () => {
    const registersIn = (dims: readonly number[]): boolean => {
      const x = f32Tensor(dims, seeded((dims[0] as number) * 2 * (dims[2] as number), 1));
      const { stages } = lowerNode({
        operator: "ReduceSum",
        version: 13,
        inputs: [x, i64Tensor([2], [0, 2])],
      });
      return stages.some((s) =>
        s.program.step.code.some(
          (i) => i.kind === "read" && i.index.some((index) => index.registers.length > 0),
        ),
      );
    };
    expect(registersIn([4, 2, 32])).toBe(false);
    expect(registersIn([4, 2, 33])).toBe(true);
  });
});

describe("other dtypes", () => {
  it("f64 lanes round to f64", () => {
    const values = Array.from({ length: 100 }, (_, i) => Math.sin(i) * 10 ** (i % 20));
    const x = tensorFrom("f64", [100], values);
    const want = laneSum(values, (v) => v);
    expect(bitsOf(reduce("ReduceSum", x))).toEqual(bitsOf(tensorFrom("f64", [1], [want])));
  });

  it("f16 is summed in f32 and rounded once", () => {
    // Stepwise rounding would stay at 1024, where f16 has no quarters.
    const values = [1024, ...new Array<number>(76).fill(0.25)];
    const sum = reduce("ReduceSum", tensorFrom("f16", [77], values));
    expect(sum.dtype).toBe("f16");
    expect(bitsOf(sum)).toEqual(bitsOf(tensorFrom("f16", [1], [1043])));
  });

  it("integers wrap", () => {
    const big = 2 ** 31 - 1;
    const i32 = tensorFrom("i32", [70], new Array<number>(70).fill(big));
    expect(bitsOf(reduce("ReduceSum", i32))).toEqual(
      bitsOf(tensorFrom("i32", [1], [Number(BigInt.asIntN(32, BigInt(big) * 70n))])),
    );
    const huge = 2n ** 63n + 5n;
    for (const n of [3, 70]) {
      const u64 = tensorFrom("u64", [n], new Array<bigint>(n).fill(BigInt.asIntN(64, huge)));
      expect(bitsOf(reduce("ReduceSum", u64))).toEqual([
        BigInt.asUintN(64, huge * BigInt(n))
          .toString(16)
          .padStart(16, "0"),
      ]);
      const u32 = tensorFrom("u32", [n], new Array<bigint>(n).fill(0xffffffffn));
      expect(bitsOf(reduce("ReduceSum", u32))).toEqual([
        BigInt.asUintN(32, 0xffffffffn * BigInt(n))
          .toString(16)
          .padStart(8, "0"),
      ]);
    }
  });

  it("attributes and inputs name the same axes", () => {
    const values = seeded(24, 3);
    const x = f32Tensor([2, 3, 4], values);
    const [byAttribute] = runNode({
      operator: "ReduceSum",
      version: 11,
      inputs: [x],
      attributes: { axes: ints(-1, 0) },
    });
    const [byInput] = runNode({
      operator: "ReduceSum",
      version: 13,
      inputs: [x, i64Tensor([2], [0, 2])],
    });
    expect(byAttribute).toEqual(byInput);
    expect(byInput?.dims).toEqual([1, 3, 1]);
  });
});
