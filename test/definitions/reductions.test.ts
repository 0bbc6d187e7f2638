import { describe, expect, it } from "vitest";
import {
  type AttributeValue,
  f32Tensor,
  findDefinition,
  i64Tensor,
  type Tensor,
} from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { exp, fl, laneSum, log, maximum, moderate, seeded } from "../support/reference.js";
import { int, runNode } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** Reduce*, ArgMax and ArgMin, bit for bit; sums over lanes have their own test. */

const INF = Number.POSITIVE_INFINITY;
const NAN = Number.NaN;
const f32 = (...values: number[]): Tensor => f32Tensor([values.length], values);
const hex = (...values: number[]): string[] => bitsOf(f32(...values));

function run(
  operator: string,
  x: Tensor,
  attributes: Record<string, AttributeValue> = {},
  axes?: readonly number[],
): Tensor {
  const inputs = axes ? [x, i64Tensor([axes.length], axes)] : [x];
  const version = operator === "ReduceSum" ? 13 : 18;
  return runNode({ operator, version, inputs, attributes })[0] as Tensor;
}

const LENGTHS = [1, 2, 31, 32, 33, 100];

describe("compositions over one row", () => {
  const formulas: Record<string, (row: number[]) => number> = {
    ReduceSum: (row) => laneSum(row),
    ReduceMean: (row) => fl(laneSum(row) / row.length),
    ReduceL1: (row) => laneSum(row.map(Math.abs)),
    ReduceL2: (row) => fl(Math.sqrt(laneSum(row.map((x) => fl(x * x))))),
    ReduceSumSquare: (row) => laneSum(row.map((x) => fl(x * x))),
    ReduceLogSum: (row) => log(laneSum(row)),
    ReduceProd: (row) => row.reduce((acc, x) => fl(acc * x), 1),
    ReduceMax: maximum,
    ReduceMin: (row) => row.reduce((m, x) => Math.min(m, x), INF),
    ReduceLogSumExp: (row) => {
      const max = maximum(row);
      const m = Number.isFinite(max) ? max : 0;
      return fl(log(laneSum(row.map((x) => exp(fl(x - m))))) + m);
    },
  };
  it.each(Object.entries(formulas))("%s", (operator, formula) => {
    for (const n of LENGTHS) {
      for (const values of [seeded(n, n), moderate(n, n + 1), seeded(n, n + 2, true)]) {
        expect(bitsOf(run(operator, f32(...values)))).toEqual(hex(formula(values)));
      }
    }
  });
});

describe("edges", () => {
  it("nothing: the identities, and NaN for the mean", () => {
    const empty = f32Tensor([2, 0], []);
    const of = (operator: string) => bitsOf(run(operator, empty, {}, [1]));
    expect(of("ReduceSum")).toEqual(hex(0, 0));
    expect(of("ReduceProd")).toEqual(hex(1, 1));
    expect(of("ReduceMax")).toEqual(hex(-INF, -INF));
    expect(of("ReduceMin")).toEqual(hex(INF, INF));
    expect(of("ReduceMean")).toEqual(hex(NAN, NAN));
    expect(of("ReduceLogSumExp")).toEqual(hex(-INF, -INF));
    expect(valuesOf(run("ReduceMax", tensorFrom("i8", [0], [])))).toEqual([-128]);
    expect(valuesOf(run("ReduceMin", tensorFrom("u64", [0], [])))).toEqual([-1n]);
  });

  it("LogSumExp of infinities", () => {
    expect(bitsOf(run("ReduceLogSumExp", f32(-INF, -INF)))).toEqual(hex(-INF));
    expect(bitsOf(run("ReduceLogSumExp", f32(1, INF)))).toEqual(hex(INF));
    expect(bitsOf(run("ReduceLogSumExp", f32(1, NAN)))).toEqual(hex(NAN));
    expect(bitsOf(run("ReduceLogSumExp", f32(1000, -INF)))).toEqual(hex(1000));
  });

  it("Max and Min: unsigned, bool and the sign of zero", () => {
    const u64 = tensorFrom("u64", [40], [...new Array<bigint>(39).fill(1n), -1n]);
    expect(valuesOf(run("ReduceMax", u64))).toEqual([-1n]);
    expect(valuesOf(run("ReduceMin", u64))).toEqual([1n]);
    const bool = tensorFrom("bool", [3], [0, 1, 0]);
    expect(valuesOf(run("ReduceMax", bool))).toEqual([1]);
    expect(valuesOf(run("ReduceMin", bool))).toEqual([0]);
    expect(bitsOf(run("ReduceMax", f32(-0, 0)))).toEqual(hex(0));
    expect(bitsOf(run("ReduceMin", f32(0, -0)))).toEqual(hex(-0));
  });

  it("integers wrap in Prod, SumSquare and L1", () => {
    const x = tensorFrom("i32", [3], [-(2 ** 31), 3, 70000]);
    expect(valuesOf(run("ReduceL1", x))).toEqual([(-(2 ** 31) + 70003) | 0]);
    expect(valuesOf(run("ReduceSumSquare", x))).toEqual([(Math.imul(70000, 70000) + 9) | 0]);
    expect(valuesOf(run("ReduceProd", x))).toEqual([
      Number(BigInt.asIntN(32, -(2n ** 31n) * 210000n)),
    ]);
  });

  it("no axes: all of them, or none with noop_with_empty_axes", () => {
    const x = f32Tensor([2, 2], [1, -2, -0, 4]);
    expect(bitsOf(run("ReduceSum", x, {}, []))).toEqual(hex(3));
    const noop = run("ReduceSum", x, { noop_with_empty_axes: int(1) });
    expect(noop.dims).toEqual([2, 2]);
    expect(bitsOf(noop)).toEqual(hex(1, -2, 0, 4));
    expect(bitsOf(run("ReduceSumSquare", x, { noop_with_empty_axes: int(1) }))).toEqual(
      hex(1, 4, 0, 16),
    );
  });

  it("keepdims and negative axes", () => {
    const x = f32Tensor([2, 3, 4], moderate(24, 1));
    expect(run("ReduceMax", x, {}, [-1, 0]).dims).toEqual([1, 3, 1]);
    expect(run("ReduceMax", x, { keepdims: int(0) }, [-1, 0]).dims).toEqual([3]);
    expect(run("ReduceMax", x, { keepdims: int(0) }).dims).toEqual([]);
  });

  it("refuses repeated or wrong axes, and axes that are not known", () => {
    const x = f32(1, 2);
    expect(() => run("ReduceMean", x, {}, [0, -1])).toThrow(/repeat/);
    expect(() => run("ReduceMean", x, {}, [1])).toThrow(/outside rank 1/);
    expect(() => run("ReduceMean", tensorFrom("i16", [1], [1]))).toThrow(/dtype i16/);
    expect(() => run("ReduceLogSum", tensorFrom("f64", [1], [1]))).toThrow(/dtype f64/);
    const unknown = () =>
      findDefinition("", "ReduceSum")?.lower({
        node: "/sum",
        version: 13,
        attributes: new Map(),
        inputs: [x, { dtype: "i64", dims: [1] }],
        values: [undefined, undefined],
        outputCount: 1,
      });
    expect(unknown).toThrow(/only known at run time/);
  });

  it("f64 Mean and L2 stay f64", () => {
    const values = [1, 2 ** -40, -3];
    const x = tensorFrom("f64", [3], values);
    const mean = laneSum(values, (v) => v) / 3;
    expect(bitsOf(run("ReduceMean", x))).toEqual(bitsOf(tensorFrom("f64", [1], [mean])));
  });
});

describe("ArgMax and ArgMin", () => {
  function arg(operator: string, x: Tensor, attributes: Record<string, AttributeValue> = {}) {
    return valuesOf(runNode({ operator, version: 13, inputs: [x], attributes })[0] as Tensor);
  }
  const last = { select_last_index: int(1) };

  it("the first of equals wins, −0 equals +0", () => {
    expect(arg("ArgMax", f32(-1, -0, 0, -0))).toEqual([1n]);
    expect(arg("ArgMin", f32(1, 0, -0, 0))).toEqual([1n]);
    expect(arg("ArgMax", f32(-1, -0, 0, -0), last)).toEqual([3n]);
    expect(arg("ArgMin", f32(1, 0, -0, 0), last)).toEqual([3n]);
  });

  it("NaN is greatest for ArgMax and least for ArgMin", () => {
    expect(arg("ArgMax", f32(INF, NAN, NAN, 2))).toEqual([1n]);
    expect(arg("ArgMin", f32(-INF, NAN, NAN, 2))).toEqual([1n]);
    expect(arg("ArgMax", f32(INF, NAN, NAN, 2), last)).toEqual([2n]);
  });

  it("−∞ alone still has a place", () => {
    expect(arg("ArgMax", f32(-INF, -INF))).toEqual([0n]);
    expect(arg("ArgMin", f32(INF, INF))).toEqual([0n]);
  });

  it("along any axis, integers too", () => {
    const x = tensorFrom("i32", [2, 3], [5, 9, 9, -1, -7, -7]);
    expect(arg("ArgMax", x, { axis: int(1) })).toEqual([1n, 0n]);
    expect(arg("ArgMin", x, { axis: int(-1), ...last })).toEqual([0n, 2n]);
    expect(arg("ArgMax", x, { axis: int(0) })).toEqual([0n, 0n, 0n]);
    expect(arg("ArgMax", tensorFrom("u64", [2], [1n, -1n]))).toEqual([1n]);
  });

  it("refuses an axis without elements", () => {
    expect(() => arg("ArgMax", f32Tensor([0], []))).toThrow(/no elements/);
    expect(() =>
      arg("ArgMin", f32Tensor([2, 0], []), { axis: int(1), keepdims: int(0) }),
    ).toThrow();
  });
});

describe("CumSum", () => {
  function cumSum(x: Tensor, axis: number, exclusive: number, reverse: number): string[] {
    const inputs = [x, i64Tensor([], [axis])];
    const attributes = { exclusive: int(exclusive), reverse: int(reverse) };
    return bitsOf(runNode({ operator: "CumSum", version: 14, inputs, attributes })[0] as Tensor);
  }

  it("is sequential from +0 in every direction", () => {
    for (const values of [seeded(50, 2), [-0, -0, 1], [1e8, 1, -1e8, 1]]) {
      const n = values.length;
      for (const exclusive of [0, 1]) {
        for (const reverse of [0, 1]) {
          const row = reverse ? [...values].reverse() : values;
          const sums = row.map((_, i) =>
            row.slice(0, i + 1 - exclusive).reduce((acc, v) => fl(acc + v), 0),
          );
          const want = reverse ? sums.reverse() : sums;
          expect(cumSum(f32Tensor([n], values), 0, exclusive, reverse)).toEqual(hex(...want));
        }
      }
    }
  });

  it("runs along an inner axis and wraps integers", () => {
    const x = tensorFrom("i32", [2, 2, 2], [1, 2, 2 ** 31 - 1, 4, 5, 6, 7, 8]);
    const want = [1, 2, -(2 ** 31), 6, 5, 6, 12, 14];
    expect(cumSum(x, -2, 0, 0)).toEqual(bitsOf(tensorFrom("i32", [8], want)));
  });
});
