import { describe, expect, it } from "vitest";
import { type AttributeValue, f32Tensor, type Tensor } from "../../operators/index.js";
import {
  exp,
  fl,
  laneSum,
  log,
  maximum,
  moderate,
  pow,
  rsqrt,
  seeded,
  softmaxRow,
  statistics,
} from "../support/reference.js";
import { float, int, runNode } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** Softmax and the norms against naive loops, bit for bit. */

const at = (list: readonly number[], i: number): number => list[i] as number;
const hex = (values: readonly number[]): string[] => bitsOf(f32Tensor([values.length], values));

function run(
  operator: string,
  version: number,
  inputs: readonly (Tensor | undefined)[],
  attributes: Record<string, AttributeValue> = {},
  outputs = 1,
): Tensor[] {
  return runNode({ operator, version, inputs, attributes, outputs });
}

/** Rows of `length` consecutive values. */
function rows(values: readonly number[], length: number): number[][] {
  return Array.from({ length: values.length / length }, (_, r) =>
    values.slice(r * length, (r + 1) * length),
  );
}

describe("Softmax", () => {
  it("is rule 13 along the last axis", () => {
    for (const n of [1, 5, 32, 33, 70]) {
      for (const values of [moderate(3 * n, n), seeded(3 * n, n + 1, true)]) {
        const [y] = run("Softmax", 13, [f32Tensor([3, n], values)]);
        expect(bitsOf(y as Tensor)).toEqual(hex(rows(values, n).flatMap(softmaxRow)));
      }
    }
  });

  it("LogSoftmax is fl(fl(x − m) − log(s))", () => {
    for (const n of [1, 5, 33]) {
      const values = moderate(2 * n, n);
      const want = rows(values, n).flatMap((row) => {
        const m = maximum(row);
        const s = log(laneSum(row.map((x) => exp(fl(x - m)))));
        return row.map((x) => fl(fl(x - m) - s));
      });
      const [y] = run("LogSoftmax", 13, [f32Tensor([2, n], values)]);
      expect(bitsOf(y as Tensor)).toEqual(hex(want));
    }
  });

  it("flattens from the axis on before version 13", () => {
    const values = moderate(2 * 3 * 4, 5);
    const x = f32Tensor([2, 3, 4], values);
    const [old] = run("Softmax", 11, [x]);
    expect(bitsOf(old as Tensor)).toEqual(hex(rows(values, 12).flatMap(softmaxRow)));
    const [all] = run("Softmax", 1, [x], { axis: int(0) });
    expect(bitsOf(all as Tensor)).toEqual(hex(softmaxRow(values)));
  });

  it("takes an inner axis", () => {
    const values = moderate(2 * 40 * 3, 6);
    const [y] = run("Softmax", 13, [f32Tensor([2, 40, 3], values)], { axis: int(1) });
    const want = new Array<number>(240);
    for (let outer = 0; outer < 2; outer++) {
      for (let inner = 0; inner < 3; inner++) {
        const place = (i: number) => outer * 120 + i * 3 + inner;
        const row = Array.from({ length: 40 }, (_, i) => at(values, place(i)));
        softmaxRow(row).forEach((p, i) => {
          want[place(i)] = p;
        });
      }
    }
    expect(bitsOf(y as Tensor)).toEqual(hex(want));
  });

  it("a row of −∞ is NaN, an infinite value too; no row is nothing", () => {
    const inf = Number.POSITIVE_INFINITY;
    const [y] = run("Softmax", 13, [f32Tensor([2, 2], [-inf, -inf, inf, 1])]);
    expect(bitsOf(y as Tensor)).toEqual(hex([NaN, NaN, NaN, NaN]));
    expect(run("Softmax", 13, [f32Tensor([0, 3], [])])[0]?.bytes.length).toBe(0);
    expect(run("Softmax", 13, [f32Tensor([3, 0], [])])[0]?.bytes.length).toBe(0);
  });

  it("rounds f16 once, and refuses f64", () => {
    const x = tensorFrom("f16", [3], [1, 2, 3]);
    const [y] = run("Softmax", 13, [x]);
    expect(bitsOf(y as Tensor)).toEqual(bitsOf(tensorFrom("f16", [3], softmaxRow([1, 2, 3]))));
    expect(() => run("Softmax", 13, [tensorFrom("f64", [1], [1])])).toThrow(/dtype f64/);
  });
});

describe("BatchNormalization", () => {
  const channels = 3;
  const parameters = [1, 2, 3].map((seed) => moderate(channels, seed));
  const variance = [0.5, 2, 1e-8].map(fl);
  const inputs = (x: Tensor) => [
    x,
    ...parameters.map((p) => f32Tensor([channels], p)),
    f32Tensor([channels], variance),
  ];

  it("is fl(fl(fl(fl(x − mean)·rsqrt(fl(var + ε)))·scale) + bias) per channel", () => {
    for (const spatial of [[], [1], [5], [2, 7]]) {
      const dims = [2, channels, ...spatial];
      const inner = spatial.reduce((n, d) => n * d, 1);
      const values = seeded(2 * channels * inner, inner + 7, true);
      const [scale, bias, mean] = parameters as [number[], number[], number[]];
      const want = values.map((x, i) => {
        const c = Math.floor(i / inner) % channels;
        const r = rsqrt(fl(at(variance, c) + fl(1e-5)));
        return fl(fl(fl(fl(x - at(mean, c)) * r) * at(scale, c)) + at(bias, c));
      });
      const [y] = run("BatchNormalization", 15, inputs(f32Tensor(dims, values)));
      expect(bitsOf(y as Tensor)).toEqual(hex(want));
    }
  });

  it("refuses training and statistics per activation, whichever way they are asked for", () => {
    const given = inputs(f32Tensor([1, channels], [1, 2, 3]));
    expect(() => run("BatchNormalization", 15, given, { training_mode: int(1) })).toThrow(
      /training/,
    );
    expect(() => run("BatchNormalization", 9, given, {}, 5)).toThrow(/training/);
    expect(() => run("BatchNormalization", 6, given)).toThrow(/training/);
    expect(run("BatchNormalization", 6, given, { is_test: int(1) })).toHaveLength(1);
    expect(() => run("BatchNormalization", 7, given, { spatial: int(0) })).toThrow(/spatial/);
  });
});

describe("LayerNormalization and RMSNormalization", () => {
  it("rule 14, with mean and r as outputs", () => {
    for (const n of [1, 6, 32, 50]) {
      const values = moderate(4 * n, n);
      const [scale, bias] = [moderate(n, 91), moderate(n, 92)];
      const outputs = run(
        "LayerNormalization",
        17,
        [f32Tensor([4, n], values), f32Tensor([n], scale), f32Tensor([n], bias)],
        { epsilon: float(1e-3) },
        3,
      );
      const stats = rows(values, n).map((row) => statistics(row, 1e-3));
      const y = values.map((x, i) => {
        const { mean, r } = stats[Math.floor(i / n)] as { mean: number; r: number };
        return fl(fl(fl(fl(x - mean) * r) * at(scale, i % n)) + at(bias, i % n));
      });
      expect(outputs.map(bitsOf)).toEqual([
        hex(y),
        hex(stats.map((s) => s.mean)),
        hex(stats.map((s) => s.r)),
      ]);
      expect(outputs.map((t) => t.dims)).toEqual([
        [4, n],
        [4, 1],
        [4, 1],
      ]);
    }
  });

  it("normalises all axes from `axis` on; without bias nothing is added", () => {
    const values = moderate(2 * 3 * 4, 4);
    const scale = moderate(12, 5);
    const [y] = run(
      "LayerNormalization",
      17,
      [f32Tensor([2, 3, 4], values), f32Tensor([3, 4], scale)],
      { axis: int(1) },
    );
    const want = rows(values, 12).flatMap((row) => {
      const { mean, r } = statistics(row, 1e-5);
      return row.map((x, i) => fl(fl(fl(x - mean) * r) * at(scale, i)));
    });
    expect(bitsOf(y as Tensor)).toEqual(hex(want));
  });

  it("RMS: no mean is taken off", () => {
    for (const n of [3, 48]) {
      const values = moderate(2 * n, n);
      const scale = moderate(n, 8);
      const want = rows(values, n).flatMap((row) => {
        const r = rsqrt(fl(fl(laneSum(row.map((x) => fl(x * x))) / n) + fl(1e-6)));
        return row.map((x, i) => fl(fl(x * r) * at(scale, i)));
      });
      const given = [f32Tensor([2, n], values), f32Tensor([n], scale)];
      const attributes = { epsilon: float(1e-6) };
      for (const [operator, version] of [
        ["RMSNormalization", 23],
        ["SimplifiedLayerNormalization", 1],
      ] as const) {
        expect(bitsOf(run(operator, version, given, attributes)[0] as Tensor)).toEqual(hex(want));
      }
    }
  });

  it("refuses another precision of the statistics, and parameters that do not fit", () => {
    const x = f32Tensor([2, 3], moderate(6, 1));
    const scale = f32Tensor([3], [1, 1, 1]);
    expect(() => run("LayerNormalization", 17, [x, scale], { stash_type: int(11) })).toThrow(
      /stash_type/,
    );
    expect(() => run("LayerNormalization", 17, [x, f32Tensor([4], [1, 1, 1, 1])])).toThrow();
    expect(() => run("LayerNormalization", 17, [x, f32Tensor([1, 1, 3], [1, 1, 1])])).toThrow(
      /does not broadcast/,
    );
  });
});

describe("GroupNormalization and InstanceNormalization", () => {
  const [channels, spatial] = [4, 9];
  const values = moderate(2 * channels * spatial, 3);
  const x = f32Tensor([2, channels, 3, 3], values);
  const [scale, bias] = [moderate(channels, 1), moderate(channels, 2)];

  const reference = (groups: number) => {
    const size = (channels / groups) * spatial;
    return rows(values, size).flatMap((row, g) => {
      const { mean, r } = statistics(row, 1e-5);
      return row.map((v, i) => {
        const c = (g % groups) * (channels / groups) + Math.floor(i / spatial);
        return fl(fl(fl(fl(v - mean) * r) * at(scale, c)) + at(bias, c));
      });
    });
  };

  it("statistics per group", () => {
    const given = [x, f32Tensor([channels], scale), f32Tensor([channels], bias)];
    for (const groups of [1, 2, 4]) {
      const [y] = run("GroupNormalization", 21, given, { num_groups: int(groups) });
      expect(bitsOf(y as Tensor)).toEqual(hex(reference(groups)));
    }
    const [instance] = run("InstanceNormalization", 6, given);
    expect(bitsOf(instance as Tensor)).toEqual(hex(reference(channels)));
  });

  it("version 18 has one scale per group", () => {
    const perGroup = (p: readonly number[]) => f32Tensor([2], [at(p, 0), at(p, 2)]);
    const spread = (p: readonly number[]) =>
      f32Tensor([4], [at(p, 0), at(p, 0), at(p, 2), at(p, 2)]);
    const attributes = { num_groups: int(2) };
    const [old] = run("GroupNormalization", 18, [x, perGroup(scale), perGroup(bias)], attributes);
    const [now] = run("GroupNormalization", 21, [x, spread(scale), spread(bias)], attributes);
    expect(old).toEqual(now);
  });
});

describe("LRN", () => {
  it("divides by a power of the lane sum of squares over the channel window", () => {
    for (const size of [1, 3, 4, 5]) {
      const [channels, inner] = [6, 4];
      const values = moderate(2 * channels * inner, size);
      const [y] = run("LRN", 13, [f32Tensor([2, channels, 2, 2], values)], {
        size: int(size),
        alpha: float(0.01),
        beta: float(0.6),
        bias: float(1.5),
      });
      const want = values.map((x, i) => {
        const c = Math.floor(i / inner) % channels;
        const window = Array.from({ length: size }, (_, j) => {
          const from = c + j - Math.floor((size - 1) / 2);
          if (from < 0 || from >= channels) return undefined;
          const v = at(values, i + (from - c) * inner);
          return fl(v * v);
        });
        const scaled = fl(fl(fl(0.01) / size) * laneSum(window));
        return fl(x / pow(fl(fl(1.5) + scaled), fl(0.6)));
      });
      expect(bitsOf(y as Tensor)).toEqual(hex(want));
    }
  });
});
