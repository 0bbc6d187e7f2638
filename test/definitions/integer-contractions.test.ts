import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AttributeValue, type DType, f32Tensor, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { coordinates, fl, flatten } from "../support/reference.js";
import { int, ints, lowerNode, runNode } from "../support/run-definition.js";
import { tensorFrom } from "../support/tensors.js";

/** Integer and quantised matrix products and convolutions against naive loops. */

type Byte = "u8" | "i8";

const byte = (dtype: Byte, seed: number, i: number): number =>
  ((((i + 1) * 2654435761 + seed * 40503) >>> 11) % 256) - (dtype === "i8" ? 128 : 0);

const bytes = (dtype: Byte, dims: readonly number[], seed: number): Tensor =>
  tensorFrom(
    dtype,
    dims,
    Array.from({ length: dims.reduce((n, d) => n * d, 1) }, (_, i) => byte(dtype, seed, i)),
  );

const at = (t: Tensor, i: number): number => Number(valuesOf(t)[i]);

const run = (
  operator: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  version = 10,
): Tensor => runNode({ operator, version, inputs, attributes })[0] as Tensor;

const dtypes = fc.constantFrom<Byte>("u8", "i8");

/** fl(fl(sum) · fl(fl(sx · sw) ÷ sy)), to the nearest even, plus the zero point, within the dtype. */
function requantised(
  sum: number,
  [sx, sw, sy]: readonly [number, number, number],
  zeroPoint: number,
  dtype: Byte,
): number {
  const scaled = fl(fl(sum) * fl(fl(sx * sw) / sy));
  const low = Math.floor(scaled);
  const rest = scaled - low;
  const whole = rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
  const [least, most] = dtype === "u8" ? [0, 255] : [-128, 127];
  return Math.min(Math.max(whole + zeroPoint, least), most);
}

describe("MatMulInteger and QLinearMatMul", () => {
  const product = fc.record({
    m: fc.integer({ min: 1, max: 5 }),
    k: fc.integer({ min: 0, max: 9 }),
    n: fc.integer({ min: 1, max: 6 }),
    a: dtypes,
    b: dtypes,
    y: dtypes,
    perRow: fc.boolean(),
    perColumn: fc.boolean(),
    seed: fc.nat(1e6),
  });

  it("sum (a − za)(b − zb), and requantise it, zero points and scales per row and column", () => {
    fc.assert(
      fc.property(product, (c) => {
        const { m, k, n, seed } = c;
        const a = bytes(c.a, [m, k], seed);
        const b = bytes(c.b, [k, n], seed + 1);
        const rows = c.perRow ? [m] : [];
        const columns = c.perColumn ? [n] : [];
        const za = bytes(c.a, rows, seed + 2);
        const zb = bytes(c.b, columns, seed + 3);
        const zy = bytes(c.y, rows, seed + 4);
        const scaleOf = (dims: readonly number[], s: number): Tensor =>
          f32Tensor(
            dims,
            Array.from({ length: dims[0] ?? 1 }, (_, i) => fl(0.01 + 0.003 * i * s)),
          );
        const [sa, sb, sy] = [scaleOf(rows, 1), scaleOf(columns, 2), scaleOf(rows, 3)];
        const sums: number[] = [];
        const want: number[] = [];
        for (const [i = 0, j = 0] of coordinates([m, n])) {
          const row = c.perRow ? i : 0;
          const column = c.perColumn ? j : 0;
          let sum = 0;
          for (let l = 0; l < k; l++) {
            sum += (at(a, i * k + l) - at(za, row)) * (at(b, l * n + j) - at(zb, column));
          }
          sums.push(sum);
          const scales = [at(sa, row), at(sb, column), at(sy, row)] as const;
          want.push(requantised(sum, scales, at(zy, row), c.y));
        }
        expect(run("MatMulInteger", [a, b, za, zb])).toEqual(tensorFrom("i32", [m, n], sums));
        const y = run("QLinearMatMul", [a, sa, za, b, sb, zb, sy, zy]);
        expect(y).toEqual(tensorFrom(c.y, [m, n], want));
      }),
      { numRuns: 120 },
    );
  });

  it("the i32 sum wraps", () => {
    const k = 33_100;
    const a = tensorFrom("u8", [1, k], new Array<number>(k).fill(255));
    const y = run("MatMulInteger", [a, { ...a, dims: [k, 1] }]);
    expect(valuesOf(y)).toEqual([(255 * 255 * k) | 0]);
    expect(255 * 255 * k).toBeGreaterThan(2 ** 31);
  });

  it("zero points that are left out are 0", () => {
    const a = bytes("u8", [2, 3], 1);
    const b = bytes("i8", [3, 2], 2);
    const zero = (dtype: DType): Tensor => tensorFrom(dtype, [], [0]);
    const want = run("MatMulInteger", [a, b, zero("u8"), zero("i8")]);
    expect(run("MatMulInteger", [a, b])).toEqual(want);
    expect(run("MatMulInteger", [a, b, undefined, zero("i8")])).toEqual(want);
  });

  it("f16 scales are widened, their product is f32", () => {
    const scale = tensorFrom("f16", [], [2 ** -14]);
    const zero = tensorFrom("i8", [], [0]);
    const row = tensorFrom("i8", [1, 16], new Array<number>(16).fill(64));
    const column = { ...row, dims: [16, 1] };
    // 2^16 · (2^-28 ÷ 2^-14); as an f16, 2^-28 would be 0.
    const y = run("QLinearMatMul", [row, scale, zero, column, scale, zero, scale, zero], {}, 21);
    expect(valuesOf(y)).toEqual([4]);
  });
});

describe("ConvInteger and QLinearConv", () => {
  const convolution = fc.record({
    spatial: fc.tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 2, max: 6 })),
    kernel: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 })),
    pads: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
    stride: fc.integer({ min: 1, max: 2 }),
    groups: fc.integer({ min: 1, max: 2 }),
    inner: fc.integer({ min: 1, max: 3 }),
    x: dtypes,
    w: dtypes,
    y: dtypes,
    perMap: fc.boolean(),
    bias: fc.boolean(),
    seed: fc.nat(1e6),
  });
  const fits = convolution.filter((c) =>
    c.spatial.every((d, i) => d + (c.pads[i] ?? 0) + (c.pads[i + 2] ?? 0) >= (c.kernel[i] ?? 0)),
  );

  it("a cell of padding contributes nothing, whatever the zero point", () => {
    fc.assert(
      fc.property(fits, (c) => {
        const { groups, inner, stride, seed } = c;
        const maps = 2 * groups;
        const xDims = [1, groups * inner, ...c.spatial];
        const wDims = [maps, inner, ...c.kernel];
        const x = bytes(c.x, xDims, seed);
        const w = bytes(c.w, wDims, seed + 1);
        const zx = bytes(c.x, [], seed + 2);
        const zw = bytes(c.w, c.perMap ? [maps] : [], seed + 3);
        const bias = tensorFrom(
          "i32",
          [maps],
          coordinates([maps]).map(([i = 0]) => 100 * i - 50),
        );
        const out = c.spatial.map(
          (d, i) =>
            Math.floor((d + at4(c.pads, i) + at4(c.pads, i + 2) - at4(c.kernel, i)) / stride) + 1,
        );
        const cells = coordinates([1, maps, ...out]);
        const sums = cells.map(([, map = 0, ...place]) => {
          const group = Math.floor(map / 2);
          let sum = 0;
          for (const [channel = 0, ...tap] of coordinates([inner, ...c.kernel])) {
            const p = place.map((v, i) => v * stride + at4(tap, i) - at4(c.pads, i));
            const from = flatten([0, group * inner + channel, ...p], xDims);
            if (from === undefined) continue;
            const weight = flatten([map, channel, ...tap], wDims) as number;
            sum += (at(x, from) - at(zx, 0)) * (at(w, weight) - at(zw, c.perMap ? map : 0));
          }
          return sum;
        });
        const attributes = {
          group: int(groups),
          pads: ints(...c.pads),
          strides: ints(stride, stride),
        };
        const dims = [1, maps, ...out];
        const y = run("ConvInteger", [x, w, zx, zw], attributes);
        expect(y).toEqual(tensorFrom("i32", dims, sums));

        const scales = [fl(0.02), fl(0.03), fl(0.7)] as const;
        const [sx, sw, sy] = scales.map((s) => f32Tensor([], [s]));
        const zy = bytes(c.y, [], seed + 4);
        const inputs = [x, sx, zx, w, sw, zw, sy, zy, ...(c.bias ? [bias] : [])];
        const want = sums.map((sum, i) => {
          const added = c.bias ? at(bias, cells[i]?.[1] as number) : 0;
          return requantised(sum + added, scales, at(zy, 0), c.y);
        });
        expect(run("QLinearConv", inputs, attributes)).toEqual(tensorFrom(c.y, dims, want));
      }),
      { numRuns: 120 },
    );
  });
});

const at4 = (list: readonly number[], i: number): number => list[i] as number;

describe("refusals", () => {
  const a = bytes("u8", [2, 3], 1);
  const b = bytes("u8", [3, 2], 2);
  const scale = f32Tensor([], [1]);
  const zero = tensorFrom("u8", [], [0]);
  const x = bytes("u8", [1, 2, 3], 1);
  const w = bytes("u8", [2, 2, 1], 2);
  const two = tensorFrom("u8", [2], [1, 2]);

  const refusals: readonly [string, readonly (Tensor | undefined)[], RegExp][] = [
    ["MatMulInteger", [a, tensorFrom("i32", [3, 2], [1, 2, 3, 4, 5, 6])], /i32 is not supported/],
    ["MatMulInteger", [a, b, tensorFrom("i8", [], [0])], /a zero point of i8 for u8/],
    ["MatMulInteger", [a, b, tensorFrom("u8", [3], [0, 0, 0])], /\[3\] per row of \[2,2\]/],
    ["MatMulInteger", [a, b, zero, tensorFrom("u8", [2, 1], [0, 0])], /\[2,1\] per column/],
    ["MatMulInteger", [a, bytes("u8", [2, 2], 1)], /inner dims 3 and 2 differ/],
    ["QLinearMatMul", [a, scale, zero, b, scale, zero, scale], /input 7 is missing/],
    ["QLinearMatMul", [a, zero, zero, b, scale, zero, scale, zero], /u8 is not supported/],
    ["ConvInteger", [x, w, two], /a scale or zero point \[2\]/],
    ["QLinearConv", [x, scale, zero, w, scale, zero, scale, two], /a scale or zero point \[2\]/],
    ["QLinearConv", [x, scale, zero, w, scale, zero, scale, zero, two], /u8 is not supported/],
  ];

  it.each(refusals)("%s %#", (operator, inputs, message) => {
    expect(() => lowerNode({ operator, version: 10, inputs })).toThrow(message);
  });
});
