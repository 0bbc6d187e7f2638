import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AssayError, type AttributeValue, f32Tensor, type Tensor } from "../../operators/index.js";
import { coordinates, dot, fl, flatten, seeded } from "../support/reference.js";
import { float, int, ints, lowerNode, runNode, text } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** Gemm and Conv against naive loops, bit for bit. */

const bits = (dims: readonly number[], values: readonly number[]) =>
  bitsOf(f32Tensor(dims, values));

describe("Gemm", () => {
  function gemm(
    inputs: readonly Tensor[],
    attributes: Record<string, AttributeValue> = {},
  ): Tensor {
    return runNode({ operator: "Gemm", version: 13, inputs, attributes })[0] as Tensor;
  }

  it("is fl(fl(α·acc) + fl(β·C)) for every transposition and broadcast of C", () => {
    const [m, n, depth] = [3, 4, 5];
    const a = seeded(m * depth, 1);
    const b = seeded(depth * n, 2);
    const c = seeded(m * n, 3);
    const [alpha, beta] = [fl(0.3), fl(-1.7)];
    for (const transA of [0, 1]) {
      for (const transB of [0, 1]) {
        for (const dims of [[m, n], [1, n], [m, 1], [n], [1], []]) {
          const count = dims.reduce((x, y) => x * y, 1);
          const bias = c.slice(0, count);
          const want = coordinates([m, n]).map(([i = 0, j = 0]) => {
            const acc = dot(
              Array.from({ length: depth }, (_, k) => [
                a[transA ? k * m + i : i * depth + k] as number,
                b[transB ? j * depth + k : k * n + j] as number,
              ]),
            );
            const at = dims.map(
              (d, axis) => (d === 1 ? 0 : [i, j][axis + 2 - dims.length]) as number,
            );
            return fl(fl(alpha * acc) + fl(beta * (bias[flatten(at, dims) as number] as number)));
          });
          const y = gemm(
            [
              f32Tensor(transA ? [depth, m] : [m, depth], a),
              f32Tensor(transB ? [n, depth] : [depth, n], b),
              f32Tensor(dims, bias),
            ],
            { alpha: float(0.3), beta: float(-1.7), transA: int(transA), transB: int(transB) },
          );
          expect(bitsOf(y)).toEqual(bits([m, n], want));
        }
      }
    }
  });

  it("skips nothing at zero: α = 0 keeps NaN and ∞, β = 0 too", () => {
    const infinite = f32Tensor([1, 1], [Number.POSITIVE_INFINITY]);
    const one = f32Tensor([1, 1], [1]);
    expect(bitsOf(gemm([infinite, one, one], { alpha: float(0) }))).toEqual(["7fc00000"]);
    expect(bitsOf(gemm([one, one, infinite], { beta: float(0) }))).toEqual(["7fc00000"]);
  });

  it("an empty depth gives α·(+0) + β·C", () => {
    const y = gemm([f32Tensor([1, 0], []), f32Tensor([0, 2], []), f32Tensor([2], [-0, 3])], {
      alpha: float(-1),
    });
    expect(bitsOf(y)).toEqual(bits([2], [-0, 3]));
  });

  it("f64 stays f64, f16 is rounded once", () => {
    const f64 = gemm([tensorFrom("f64", [1, 2], [1, 2 ** -40]), tensorFrom("f64", [2, 1], [1, 1])]);
    expect(bitsOf(f64)).toEqual(bitsOf(tensorFrom("f64", [1], [1 + 2 ** -40])));
    const f16 = gemm([
      tensorFrom("f16", [1, 3], [2048, 1, 1]),
      tensorFrom("f16", [3, 1], [1, 1, 1]),
    ]);
    expect(bitsOf(f16)).toEqual(bitsOf(tensorFrom("f16", [1], [2050])));
  });

  it("refuses what does not fit", () => {
    const x = f32Tensor([2, 2], [1, 2, 3, 4]);
    expect(() => gemm([x, f32Tensor([3, 1], [1, 2, 3])])).toThrow(/inner dims 2 and 3/);
    expect(() => gemm([x, x, f32Tensor([3], [1, 2, 3])])).toThrow(/C \[3\] does not broadcast/);
    const i16 = tensorFrom("i16", [1, 1], [1]);
    expect(() => gemm([i16, i16])).toThrow(AssayError);
    const old = { operator: "Gemm", version: 6, inputs: [x, x, f32Tensor([2], [1, 2])] };
    expect(() => runNode(old)).toThrow(/does not broadcast/);
    expect(runNode({ ...old, attributes: { broadcast: int(1) } })).toHaveLength(1);
  });
});

interface ConvCase {
  readonly spatial: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly groups: number;
  readonly inner: number;
  readonly outer: number;
  readonly seed: number;
}

const convCase = fc
  .integer({ min: 1, max: 3 })
  .chain((rank) => {
    const list = (min: number, max: number) =>
      fc.array(fc.integer({ min, max }), { minLength: rank, maxLength: rank });
    return fc.record({
      spatial: list(1, 6),
      kernel: list(1, 3),
      strides: list(1, 3),
      dilations: list(1, 2),
      begin: list(0, 2),
      end: list(0, 2),
      groups: fc.integer({ min: 1, max: 3 }),
      inner: fc.integer({ min: 1, max: 3 }),
      outer: fc.integer({ min: 1, max: 2 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
  })
  .filter((c) =>
    c.spatial.every(
      (d, i) => d + at(c.begin, i) + at(c.end, i) >= (at(c.kernel, i) - 1) * at(c.dilations, i) + 1,
    ),
  );

const at = (list: readonly number[], i: number): number => list[i] as number;

describe("Conv", () => {
  it("folds (channel, kernel…) with padding multiplied as +0, then adds the bias", () => {
    fc.assert(fc.property(convCase, checkConv), { numRuns: 150 });
  });

  it("padding meets ∞ in the weights: +0 · ∞ is NaN", () => {
    const y = runNode({
      operator: "Conv",
      version: 22,
      inputs: [f32Tensor([1, 1, 1], [1]), f32Tensor([1, 1, 2], [1, Number.POSITIVE_INFINITY])],
      attributes: { pads: ints(0, 1) },
    })[0] as Tensor;
    expect(bitsOf(y)).toEqual(["7fc00000"]);
  });

  it("auto_pad SAME puts the odd cell at the end (UPPER) or the beginning (LOWER)", () => {
    const x = f32Tensor([1, 1, 4], [1, 2, 3, 4]);
    const w = f32Tensor([1, 1, 2], [1, 10]);
    const run = (auto: string, strides = 1): number[] =>
      bitsOf(
        runNode({
          operator: "Conv",
          version: 22,
          inputs: [x, w],
          attributes: { auto_pad: text(auto), strides: ints(strides) },
        })[0] as Tensor,
      ).map((b) => {
        const view = new DataView(new ArrayBuffer(4));
        view.setUint32(0, Number.parseInt(b, 16));
        return view.getFloat32(0);
      });
    expect(run("SAME_UPPER")).toEqual([21, 32, 43, 4]);
    expect(run("SAME_LOWER")).toEqual([10, 21, 32, 43]);
    expect(run("VALID")).toEqual([21, 32, 43]);
    expect(run("SAME_UPPER", 2)).toEqual([21, 43]);
  });

  it("pads beside auto_pad must be what that gives, or zeros", () => {
    const lower = (auto: string, ...pads: number[]) =>
      lowerNode({
        operator: "Conv",
        version: 22,
        inputs: [f32Tensor([1, 1, 4], [1, 2, 3, 4]), f32Tensor([1, 1, 2], [1, 10])],
        attributes: { auto_pad: text(auto), pads: ints(...pads) },
      });
    const want = lower("SAME_UPPER", 0, 1);
    expect(lower("SAME_UPPER", 0, 0)).toEqual(want);
    expect(lower("NOTSET", 0, 1)).toEqual(want);
    expect(() => lower("SAME_LOWER", 0, 1)).toThrow(/SAME_LOWER pads \[1,0\], and pads is \[0,1\]/);
    expect(() => lower("VALID", 1, 1)).toThrow(/VALID pads \[0,0\]/);
  });

  it("is a plain contraction: the multiply-add step over two reads, without conditions", () => {
    const { stages } = lowerNode({
      operator: "Conv",
      version: 22,
      inputs: [f32Tensor([1, 2, 3, 3], seeded(18, 1)), f32Tensor([2, 2, 3, 3], seeded(36, 2))],
      attributes: { pads: ints(1, 1, 1, 1) },
    });
    expect(stages).toHaveLength(1);
    const program = stages[0]?.program;
    expect(program?.when).toEqual([]);
    expect(program?.step.code.map((i) => (i.kind === "operate" ? i.op : i.kind)).sort()).toEqual([
      "f32.add",
      "f32.mul",
      "read",
      "read",
      "state",
    ]);
  });

  it("refuses what does not fit", () => {
    const run = (x: number[], w: number[], attributes: Record<string, AttributeValue> = {}) =>
      lowerNode({
        operator: "Conv",
        version: 22,
        inputs: [x, w].map((dims) =>
          f32Tensor(
            dims,
            seeded(
              dims.reduce((n, d) => n * d, 1),
              1,
            ),
          ),
        ),
        attributes,
      });
    expect(() => run([1, 2, 3], [1, 3, 1])).toThrow(/do not fit 1 groups/);
    expect(() => run([1, 2, 3], [1, 2, 4])).toThrow(/exceeds the padded input/);
    expect(() => run([1, 2], [1, 2])).toThrow(/are not/);
    expect(() => run([1, 1, 2, 2, 2, 2], [1, 1, 1, 1, 1, 1])).toThrow(/4 spatial dims/);
    expect(() => run([1, 1, 3], [1, 1, 1], { pads: ints(-1, 0) })).toThrow(/pads/);
    expect(() => run([1, 1, 3], [1, 1, 2], { kernel_shape: ints(3) })).toThrow(/kernel_shape/);
  });
});

function checkConv(c: ConvCase): void {
  const channels = c.groups * c.inner;
  const maps = c.groups * c.outer;
  const xDims = [2, channels, ...c.spatial];
  const wDims = [maps, c.inner, ...c.kernel];
  const size = (dims: readonly number[]) => dims.reduce((n, d) => n * d, 1);
  const x = seeded(size(xDims), c.seed);
  const w = seeded(size(wDims), c.seed + 1);
  const bias = seeded(maps, c.seed + 2);
  const out = c.spatial.map((d, i) =>
    Math.floor(
      (d + at(c.begin, i) + at(c.end, i) - (at(c.kernel, i) - 1) * at(c.dilations, i) - 1) /
        at(c.strides, i) +
        1,
    ),
  );
  const want = coordinates([2, maps, ...out]).map(([n = 0, m = 0, ...position]) => {
    const group = Math.floor(m / c.outer);
    const acc = dot(
      coordinates([c.inner, ...c.kernel]).map(([channel = 0, ...cell]) => {
        const place = position.map(
          (p, i) => p * at(c.strides, i) + at(cell, i) * at(c.dilations, i) - at(c.begin, i),
        );
        const from = flatten([n, group * c.inner + channel, ...place], xDims);
        const weight = flatten([m, channel, ...cell], wDims) as number;
        return [from === undefined ? 0 : at(x, from), at(w, weight)];
      }),
    );
    return fl(acc + at(bias, m));
  });
  const y = runNode({
    operator: "Conv",
    version: 22,
    inputs: [f32Tensor(xDims, x), f32Tensor(wDims, w), f32Tensor([maps], bias)],
    attributes: {
      group: int(c.groups),
      strides: ints(...c.strides),
      dilations: ints(...c.dilations),
      pads: ints(...c.begin, ...c.end),
    },
  })[0] as Tensor;
  expect(y.dims).toEqual([2, maps, ...out]);
  expect(bitsOf(y)).toEqual(bits(y.dims, want));
}
