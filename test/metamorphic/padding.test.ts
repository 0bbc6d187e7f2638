import fc from "fast-check";
import { describe, test } from "vitest";
import { type AttributeValue, i64Tensor, type Tensor } from "../../operators/index.js";
import { int, ints, modelOf, type NodeSpec } from "../support/graphs.js";
import { tensorFrom } from "../support/tensors.js";
import { MACHINES, outputsOf, single } from "./machines.js";
import { holds, seeds } from "./property.js";
import { expectSame, joined, normals, part, wild } from "./tensors.js";

/** What is added beside a result, or hidden from it, changes no bit of it. */

type Given = Readonly<Record<string, Tensor>>;

/** One operator over inputs by name; its first output. */
async function apply(
  op: string,
  given: Given,
  attributes: Record<string, AttributeValue> = {},
  machine = single(),
): Promise<Tensor> {
  const names = Object.keys(given);
  const node: NodeSpec = { op, inputs: names, outputs: ["out"], attributes };
  return graph([node], given, machine);
}

async function graph(
  nodes: readonly NodeSpec[],
  given: Given,
  machine = single(),
): Promise<Tensor> {
  const inputs = Object.entries(given).map(([name, { dtype, dims }]) => ({ name, dtype, dims }));
  const model = modelOf({ inputs, outputs: ["out"], nodes }, 24);
  return (await outputsOf(model, given, machine)).get("out") as Tensor;
}

const filled = (dims: readonly number[], value: number): Tensor => {
  const count = dims.reduce((n, d) => n * d, 1);
  return tensorFrom("f32", dims, new Array<number>(count).fill(value));
};

const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const RUNS = 4;

describe.each(MACHINES)("matrix products, on the %s", (_, machine) => {
  const cases = fc.tuple(size(9), size(70), size(40), size(40), seeds);

  test("further columns and rows stand beside, not in, what was there", async () => {
    await holds(RUNS, cases, async ([m, k, n, more, seed]) => {
      const [a, b] = [wild("f32", [m + more, k], seed), wild("f32", [k, n + more], seed + 1)];
      const large = await apply("MatMul", { a, b }, {}, machine());
      const small = await apply("MatMul", { a: part(a, 0, 0, m), b: part(b, 1, 0, n) });
      expectSame(part(part(large, 0, 0, m), 1, 0, n), small);
    });
  });

  test("zeros at the end of the fold are added without effect", async () => {
    await holds(RUNS, cases, async ([m, k, n, more, seed]) => {
      const [a, b] = [normals("f32", [m, k], seed), normals("f32", [k, n], seed + 1)];
      const wide = joined(1, [a, filled([m, more], seed % 2 === 0 ? 0 : -0)]);
      const tall = joined(0, [b, normals("f32", [more, n], seed + 2)]);
      const padded = await apply("MatMul", { a: wide, b: tall }, {}, machine());
      expectSame(padded, await apply("MatMul", { a, b }));
    });
  });

  test("a product in a batch is the product alone, with shared and with own operands", async () => {
    await holds(RUNS, cases, async ([m, k, n, batch, seed]) => {
      const count = 1 + (batch % 5);
      const [a, b] = [wild("f32", [count, m, k], seed), wild("f32", [count, k, n], seed + 1)];
      const own = await apply("MatMul", { a, b }, {}, machine());
      const shared = await apply("MatMul", { a, b: part(b, 0, 0, 1) }, {}, machine());
      for (let i = 0; i < count; i++) {
        const at = (t: Tensor): Tensor => part(t, 0, i, i + 1);
        expectSame(at(own), await apply("MatMul", { a: at(a), b: at(b) }));
        expectSame(at(shared), await apply("MatMul", { a: at(a), b: part(b, 0, 0, 1) }));
      }
    });
  });
});

describe("convolutions", () => {
  const cases = fc.record({
    channels: size(4),
    filters: size(6),
    groups: size(3),
    side: fc.integer({ min: 3, max: 9 }),
    pad: fc.nat(2),
    seed: seeds,
  });

  test("pads are zeros put around the image", async () => {
    await holds(RUNS, cases, async ({ channels, filters, side, pad, seed }) => {
      const x = wild("f32", [1, channels, side, side], seed);
      const w = normals("f32", [filters, channels, 3, 3], seed + 1);
      const inside = await apply("Conv", { x, w }, { pads: ints(pad, pad, pad, pad) });
      const around = await graph(
        [
          { op: "Pad", inputs: ["x", "pads"], outputs: ["p"] },
          { op: "Conv", inputs: ["p", "w"], outputs: ["out"] },
        ],
        { x, w, pads: i64Tensor([8], [0, 0, pad, pad, 0, 0, pad, pad]) },
      );
      expectSame(inside, around);
    });
  });

  test("groups are convolutions side by side, and so are filters", async () => {
    await holds(RUNS, cases, async ({ channels, filters, groups, side, seed }) => {
      const x = wild("f32", [2, channels * groups, side, side], seed);
      const w = normals("f32", [filters * groups, channels, 3, 2], seed + 1);
      const together = await apply("Conv", { x, w }, { group: int(groups) });
      const parts: Tensor[] = [];
      for (let g = 0; g < groups; g++) {
        const own = part(x, 1, g * channels, (g + 1) * channels);
        for (let f = g * filters; f < (g + 1) * filters; f++) {
          parts.push(await apply("Conv", { x: own, w: part(w, 0, f, f + 1) }));
        }
      }
      expectSame(together, joined(1, parts));
    });
  });

  test("a convolution is the matrix product that it is: one tap per channel", async () => {
    await holds(RUNS, cases, async ({ channels, filters, side, seed }) => {
      const x = wild("f32", [1, channels, side, side], seed);
      const w = wild("f32", [filters, channels, 1, 1], seed + 1);
      const convolved = await apply("Conv", { x, w });
      const product = await apply("MatMul", {
        w: { ...w, dims: [filters, channels] },
        x: { ...x, dims: [channels, side * side] },
      });
      expectSame({ ...convolved, dims: product.dims }, product);
    });
  });
});

describe("lane sums", () => {
  const cases = fc.tuple(size(4), size(100), size(70), seeds);

  test("Softmax: −∞ at the end weighs nothing and moves nothing", async () => {
    await holds(2 * RUNS, cases, async ([rows, width, more, seed]) => {
      const x = normals("f32", [rows, width], seed);
      const hidden = filled([rows, more], Number.NEGATIVE_INFINITY);
      const padded = await apply("Softmax", { x: joined(1, [x, hidden]) });
      expectSame(part(padded, 1, 0, width), await apply("Softmax", { x }));
      expectSame(part(padded, 1, width, width + more), filled([rows, more], 0));
    });
  });

  test("ReduceSum: zeros at the end", async () => {
    await holds(2 * RUNS, cases, async ([rows, width, more, seed]) => {
      const x = normals("f32", [rows, width], seed);
      const axes = i64Tensor([1], [1]);
      const padded = joined(1, [x, filled([rows, more], 0)]);
      expectSame(
        await apply("ReduceSum", { x: padded, axes }),
        await apply("ReduceSum", { x, axes }),
      );
    });
  });
});

describe("attention", () => {
  const cases = fc.record({
    heads: size(3),
    queries: size(6),
    keys: fc.oneof(size(8), fc.integer({ min: 30, max: 66 })),
    more: size(40),
    depth: size(8),
    seed: seeds,
  });

  test("further keys that no query may see, whatever lies in them", async () => {
    await holds(2 * RUNS, cases, async ({ heads, queries, keys, more, depth, seed }) => {
      const q = normals("f32", [1, heads, queries, depth], seed);
      const [k, v] = [1, 2].map((i) => normals("f32", [1, heads, keys, depth], seed + i)) as [
        Tensor,
        Tensor,
      ];
      const poison = filled([1, heads, more, depth], Number.NaN);
      const seen = tensorFrom("bool", [queries, keys], new Array<number>(queries * keys).fill(1));
      const hidden = tensorFrom("bool", [queries, more], new Array<number>(queries * more).fill(0));
      const long = { q, k: joined(2, [k, poison]), v: joined(2, [v, poison]) };
      const small = await apply("Attention", { q, k, v });
      const masked = { ...long, mask: joined(1, [seen, hidden]) };
      expectSame(await apply("Attention", masked), small);
      // A mask that ends before the keys do hides the rest.
      expectSame(await apply("Attention", { ...long, mask: seen }), small);
    });
  });

  test("heads are attentions side by side, and shared keys are repeated keys", async () => {
    await holds(RUNS, cases, async ({ heads, queries, keys, depth, seed }) => {
      const repeats = 1 + (seed % 3);
      const q = normals("f32", [1, heads * repeats, queries, depth], seed);
      const [k, v] = [1, 2].map((i) => wild("f32", [1, heads, keys, depth], seed + i)) as [
        Tensor,
        Tensor,
      ];
      const together = await apply("Attention", { q, k, v });
      const parts: Tensor[] = [];
      for (let h = 0; h < heads * repeats; h++) {
        const group = Math.floor(h / repeats);
        const of = (t: Tensor): Tensor => part(t, 1, group, group + 1);
        parts.push(await apply("Attention", { q: part(q, 1, h, h + 1), k: of(k), v: of(v) }));
      }
      expectSame(together, joined(1, parts));
    });
  });
});
