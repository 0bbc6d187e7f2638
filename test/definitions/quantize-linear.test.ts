import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AttributeValue,
  DTYPES,
  type DType,
  f32Tensor,
  type Tensor,
} from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { fl, seeded } from "../support/reference.js";
import { int, lowerNode, runNode } from "../support/run-definition.js";
import { bitsOf, counting, tensorFrom } from "../support/tensors.js";

/** QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear against plain arithmetic. */

type Attributes = Readonly<Record<string, AttributeValue>>;

const run = (
  operator: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Attributes = {},
  version = 25,
): Tensor => runNode({ operator, version, inputs, attributes })[0] as Tensor;

const LIMITS = {
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 65535],
  i16: [-32768, 32767],
} as const satisfies Partial<Record<DType, readonly [number, number]>>;
type Quantised = keyof typeof LIMITS;

/** Half to even: what JavaScript lacks. */
function nearest(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

function quantised(x: number, scale: number, zeroPoint: number, dtype: Quantised): number {
  const [low, high] = LIMITS[dtype];
  const steps = fl(x / scale);
  if (Number.isNaN(steps)) return 0;
  return Math.min(Math.max(nearest(steps) + zeroPoint, low), high);
}

describe("QuantizeLinear", () => {
  it("rounds half to even, then adds the zero point, then saturates", () => {
    const x = f32Tensor([8], [0.5, 1.5, 2.5, -0.5, -1.5, 252.5, 300, -300]);
    const y = run("QuantizeLinear", [x, f32Tensor([], [1]), tensorFrom("u8", [], [3])]);
    expect(valuesOf(y)).toEqual([3, 5, 5, 3, 1, 255, 255, 0]);
  });

  it("saturates infinities and what is far beyond 2^31; NaN gives 0, whatever the zero point", () => {
    const big = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38, Number.NaN];
    const inputs = [f32Tensor([5], big), f32Tensor([], [1])];
    const i8 = run("QuantizeLinear", [...inputs, tensorFrom("i8", [], [-128])]);
    expect(valuesOf(i8)).toEqual([127, -128, 127, -128, 0]);
    const u16 = run("QuantizeLinear", [...inputs, tensorFrom("u16", [], [65535])]);
    expect(valuesOf(u16)).toEqual([65535, 0, 65535, 0, 0]);
    const byZero = [f32Tensor([3], [1, -1, 0]), f32Tensor([], [0]), tensorFrom("u8", [], [9])];
    expect(valuesOf(run("QuantizeLinear", byZero))).toEqual([255, 0, 0]);
  });

  it("divides, and does not multiply with a reciprocal", () => {
    const scale = fl(1 / 3);
    const x = Array.from({ length: 4096 }, (_, i) => fl((i / 2) * scale));
    for (const dtype of ["u8", "i16"] as const) {
      const y = run("QuantizeLinear", [
        f32Tensor([x.length], x),
        f32Tensor([], [scale]),
        tensorFrom(dtype, [], [1]),
      ]);
      expect(valuesOf(y)).toEqual(x.map((v) => quantised(v, scale, 1, dtype)));
    }
  });

  it("every f16, widened exactly", () => {
    const bits = Array.from({ length: 2 ** 16 }, (_, i) => i);
    const x: Tensor = {
      dtype: "f16",
      dims: [bits.length],
      bytes: new Uint8Array(Uint16Array.from(bits).buffer),
    };
    const scale = tensorFrom("f16", [], [0.1]);
    const s = Number(valuesOf(scale)[0]);
    const y = run("QuantizeLinear", [x, scale, tensorFrom("i8", [], [5])]);
    expect(valuesOf(y)).toEqual(valuesOf(x).map((v) => quantised(Number(v), s, 5, "i8")));
  });

  it("i32 is rounded to f32 first", () => {
    const x = tensorFrom("i32", [3], [16777217, -(2 ** 31), 5]);
    const y = run("QuantizeLinear", [x, f32Tensor([], [65536]), tensorFrom("i16", [], [0])]);
    expect(valuesOf(y)).toEqual([256, -32768, 0]);
  });

  it("the dtype is that of the zero point, else output_dtype, else u8", () => {
    const inputs = [f32Tensor([1], [-3]), f32Tensor([], [1])];
    expect(run("QuantizeLinear", inputs)).toEqual(tensorFrom("u8", [1], [0]));
    const i16 = { output_dtype: int(DTYPES.i16.code) };
    expect(run("QuantizeLinear", inputs, i16)).toEqual(tensorFrom("i16", [1], [-3]));
    const zero = tensorFrom("i8", [], [0]);
    expect(run("QuantizeLinear", [...inputs, zero])).toEqual(tensorFrom("i8", [1], [-3]));
    expect(() => run("QuantizeLinear", [...inputs, zero], i16)).toThrow(/output_dtype i16, not i8/);
  });
});

describe("scales along an axis", () => {
  const grain = fc.record({
    dims: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
    axis: fc.nat(3),
    block: fc.integer({ min: 0, max: 5 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    dtype: fc.constantFrom<Quantised>("u8", "i8", "u16", "i16"),
  });

  it("each element has the scale and zero point of its position or block, there and back", () => {
    fc.assert(
      fc.property(grain, ({ dims, axis: drawn, block, seed, dtype }) => {
        const axis = drawn % dims.length;
        const extent = dims[axis] as number;
        const blocks = block === 0 ? extent : Math.ceil(extent / block);
        const scaleDims = block === 0 ? [extent] : dims.map((d, i) => (i === axis ? blocks : d));
        const count = (of: readonly number[]): number => of.reduce((n, d) => n * d, 1);
        const x = seeded(count(dims), seed);
        const scales = seeded(count(scaleDims), seed + 1).map((v) => fl(Math.abs(v) + 0.01));
        const [low, high] = LIMITS[dtype];
        const zeros = scales.map((_, i) => low + ((i * 7919 + seed) % (high - low + 1)));
        const inner = count(dims.slice(axis + 1));
        const grainOf = (flat: number): number => {
          const at = Math.floor(flat / inner) % extent;
          if (block === 0) return at;
          const outer = Math.floor(flat / (inner * extent));
          return (outer * blocks + Math.floor(at / block)) * inner + (flat % inner);
        };
        const attributes = { axis: int(axis), block_size: int(block) };
        const parameters = [f32Tensor(scaleDims, scales), tensorFrom(dtype, scaleDims, zeros)];
        const y = run("QuantizeLinear", [f32Tensor(dims, x), ...parameters], attributes);
        const one = count(scaleDims) === 1 && block === 0 ? () => 0 : grainOf;
        const want = x.map((v, i) =>
          quantised(v, scales[one(i)] as number, zeros[one(i)] as number, dtype),
        );
        expect(y).toEqual(tensorFrom(dtype, dims, want));
        const back = run("DequantizeLinear", [y, ...parameters], attributes);
        const steps = want.map((v, i) =>
          fl(fl(v - (zeros[one(i)] as number)) * (scales[one(i)] as number)),
        );
        expect(back).toEqual(f32Tensor(dims, steps));
      }),
      { numRuns: 200 },
    );
  });
});

describe("DequantizeLinear", () => {
  it("i32: the difference wraps and is rounded to f32 before the product", () => {
    const x = tensorFrom("i32", [3], [16777217, 2 ** 31 - 1, -(2 ** 31)]);
    const y = run("DequantizeLinear", [x, f32Tensor([], [2]), tensorFrom("i32", [], [0])]);
    expect(valuesOf(y)).toEqual([33554432, 2 ** 32, -(2 ** 32)]);
    const wrapped = run("DequantizeLinear", [x, f32Tensor([], [1]), tensorFrom("i32", [], [-1])]);
    expect(valuesOf(wrapped)).toEqual([16777218, -(2 ** 31), -(2 ** 31) + 1].map(fl));
  });

  it("y has the dtype of the scale unless output_dtype says otherwise, and is rounded once", () => {
    const x = tensorFrom("i16", [2], [4097, -3]);
    const half = tensorFrom("f16", [], [1]);
    expect(run("DequantizeLinear", [x, half])).toEqual(tensorFrom("f16", [2], [4096, -3]));
    const f32 = { output_dtype: int(DTYPES.f32.code) };
    expect(run("DequantizeLinear", [x, half], f32)).toEqual(f32Tensor([2], [4097, -3]));
  });
});

describe("DynamicQuantizeLinear", () => {
  const outputs = (x: readonly number[]): Tensor[] =>
    runNode({
      operator: "DynamicQuantizeLinear",
      version: 11,
      inputs: [f32Tensor([x.length], x)],
      outputs: 3,
    });

  it("spans zero and both extremes with 255 steps", () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true })), (x) => {
        const high = Math.max(0, ...x);
        const low = Math.min(0, ...x);
        const scale = fl(fl(high - low) / 255);
        const exact = fl(0 - fl(low / scale));
        const clipped = Math.min(Math.max(exact, 0), 255);
        const zeroPoint = Number.isNaN(clipped) ? 0 : nearest(clipped);
        const [y, s, z] = outputs(x);
        expect(bitsOf(s as Tensor)).toEqual(bitsOf(f32Tensor([], [scale])));
        expect(z).toEqual(tensorFrom("u8", [], [zeroPoint]));
        const want = x.map((v) => quantised(v, scale, zeroPoint, "u8"));
        expect(y).toEqual(tensorFrom("u8", [x.length], want));
      }),
      { numRuns: 300 },
    );
  });

  it("zeros, or nothing at all, have scale +0 and zero point 0", () => {
    for (const x of [[], [0], [-0, 0, 0]]) {
      const [y, s, z] = outputs(x);
      expect(bitsOf(s as Tensor)).toEqual(["00000000"]);
      expect(z).toEqual(tensorFrom("u8", [], [0]));
      expect(valuesOf(y as Tensor)).toEqual(x.map(() => 0));
    }
  });
});

describe("refusals", () => {
  const x = f32Tensor([2, 4], seeded(8, 1));
  const scale = f32Tensor([], [1]);

  const refusals: readonly [
    string,
    readonly (Tensor | undefined)[],
    Record<string, number>,
    RegExp,
  ][] = [
    ["QuantizeLinear", [x], {}, /input 1 is missing/],
    ["QuantizeLinear", [x, f32Tensor([3], [1, 1, 1])], {}, /scale \[3\] along axis 1/],
    ["QuantizeLinear", [x, scale, tensorFrom("u8", [4], [0, 0, 0, 0])], {}, /zero point \[4\]/],
    ["QuantizeLinear", [x, scale, tensorFrom("i32", [], [0])], {}, /dtype i32 is not supported/],
    ["QuantizeLinear", [x, scale], { output_dtype: 21 }, /output_dtype 21/],
    ["QuantizeLinear", [x, scale], { output_dtype: 17 }, /output_dtype 17/],
    ["QuantizeLinear", [x, scale], { precision: 11 }, /precision 11/],
    ["QuantizeLinear", [x, f32Tensor([2, 2], [1, 1, 1, 1])], { block_size: 3, axis: 0 }, /blocks/],
    ["QuantizeLinear", [x, f32Tensor([2], [1, 1])], { axis: 2 }, /axis 2 is outside rank 2/],
    ["QuantizeLinear", [counting("f64", [2]), scale], {}, /f64 is not supported/],
    ["DequantizeLinear", [counting("i64", [2]), scale], {}, /i64 is not supported/],
    ["DequantizeLinear", [counting("u8", [2]), counting("f64", [])], {}, /f64 is not supported/],
    ["DequantizeLinear", [counting("u8", [2]), scale, counting("i8", [])], {}, /i8 for u8/],
  ];

  it.each(refusals)("%s %#", (operator, inputs, numbers, message) => {
    const attributes = Object.fromEntries(Object.entries(numbers).map(([k, v]) => [k, int(v)]));
    expect(() => lowerNode({ operator, version: 25, inputs, attributes })).toThrow(message);
  });
});
