import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recogniseContraction } from "../../operators/backends/wasm/contraction/recognise.js";
import { elementCount, type Tensor } from "../../operators/index.js";
import { valuesOf } from "../support/compare.js";
import { coordinates, flatten } from "../support/reference.js";
import { lowerNode, runNode, text } from "../support/run-definition.js";
import { bitsOf, counting, tensorFrom } from "../support/tensors.js";

/** Einsum against loops over all labels, with the multiplications and additions of rule 9. */

const einsum = (equation: string, ...inputs: Tensor[]): Tensor =>
  runNode({
    operator: "Einsum",
    version: 12,
    inputs,
    attributes: { equation: text(equation) },
  })[0] as Tensor;

/** Explicit equations without ellipsis, of single letters. */
function reference(equation: string, inputs: readonly Tensor[], sizes: Sizes): number[] {
  const [left, right] = equation.split("->") as [string, string];
  const terms = left.split(",").map((t) => [...t]);
  const output = [...right];
  const contracted = [...new Set(terms.flat())].filter((l) => !output.includes(l));
  const values = inputs.map((t) => valuesOf(t).map(Number));
  const product = (at: ReadonlyMap<string, number>): number =>
    terms
      .map((term, i) => {
        const place = term.map((l) => at.get(l) as number);
        return values[i]?.[flatten(place, inputs[i]?.dims ?? []) as number] as number;
      })
      .reduce((x, y) => Math.fround(x * y));
  const extents = (labels: readonly string[]) => labels.map((l) => sizes[l] as number);
  return coordinates(extents(output)).map((o) => {
    const at = new Map(output.map((l, i) => [l, o[i] as number]));
    if (contracted.length === 0) return product(at);
    return coordinates(extents(contracted)).reduce((acc, k) => {
      contracted.forEach((l, i) => {
        at.set(l, k[i] as number);
      });
      return Math.fround(acc + product(at));
    }, 0);
  });
}

type Sizes = Readonly<Record<string, number>>;

const LABELS = ["a", "b", "c", "d"];
const equations = fc
  .record({
    terms: fc.array(fc.array(fc.constantFrom(...LABELS), { maxLength: 3 }), {
      minLength: 1,
      maxLength: 3,
    }),
    kept: fc.shuffledSubarray(LABELS),
    sizes: fc.tuple(...LABELS.map(() => fc.integer({ min: 1, max: 3 }))),
    seed: fc.nat(1000),
  })
  .map(({ terms, kept, sizes, seed }) => {
    const used = new Set(terms.flat());
    const output = kept.filter((l) => used.has(l)).join("");
    return {
      equation: `${terms.map((t) => t.join("")).join(",")}->${output}`,
      terms,
      sizes: Object.fromEntries(LABELS.map((l, i) => [l, sizes[i] as number])) as Sizes,
      seed,
    };
  });

/** Values whose products and sums round. */
function filled(dims: readonly number[], seed: number): Tensor {
  const values = Array.from({ length: elementCount(dims) }, (_, i) =>
    i % 7 === 3 ? -0 : Math.fround(((i + seed) * 0.37) % 5) - 2,
  );
  return tensorFrom("f32", dims, values);
}

describe("Einsum", () => {
  it("is the sum of products over all labels, in the contract's order", () => {
    fc.assert(
      fc.property(equations, ({ equation, terms, sizes, seed }) => {
        const inputs = terms.map((t, i) =>
          filled(
            t.map((l) => sizes[l] as number),
            seed + i,
          ),
        );
        const y = einsum(equation, ...inputs);
        const want = reference(equation, inputs, sizes);
        expect(bitsOf(y)).toEqual(bitsOf(tensorFrom("f32", y.dims, want)));
      }),
      { numRuns: 500 },
    );
  });

  it("without an arrow keeps the labels that appear once, sorted, after the ellipsis", () => {
    const [a, b] = [filled([2, 3, 4], 1), filled([2, 4, 5], 2)];
    expect(einsum("...cb,...ba", a, b)).toEqual(einsum("zcb,zba->zac", a, b));
    expect(einsum("ba", filled([2, 3], 5))).toEqual(einsum("ba->ab", filled([2, 3], 5)));
  });

  it("broadcasts ellipsis axes and axes of extent 1", () => {
    const [a, b] = [filled([4, 1, 2, 3], 1), filled([5, 3, 6], 2)];
    const y = einsum("...ij,...jk->...ik", a, b);
    expect(y.dims).toEqual([4, 5, 2, 6]);
    const [sum] = runNode({ operator: "MatMul", version: 13, inputs: [a, b] });
    expect(y).toEqual(sum);
    const wide = einsum("ij,ij->ij", counting("i32", [2, 1]), counting("i32", [2, 3]));
    expect(wide).toEqual(tensorFrom("i32", [2, 3], [1, 2, 3, 8, 10, 12]));
  });

  it("contracts the ellipsis where the output has none", () => {
    expect(einsum("...i->i", counting("i64", [2, 3, 2]))).toEqual(tensorFrom("i64", [2], [36, 42]));
  });

  it.each(["ij,jk->ik", "bij,bjk->bik", "ij,kj->ik", "bqhd,bkhd->bhqk", "ij,jk->ki"])(
    "%s runs in the contraction kernel",
    (equation) => {
      const terms = (equation.split("->")[0] as string).split(",");
      const inputs = terms.map((t) =>
        counting(
          "f32",
          [...t].map((l) => (l.charCodeAt(0) % 7) + 2),
        ),
      );
      const { stages } = lowerNode({
        operator: "Einsum",
        version: 12,
        inputs,
        attributes: { equation: text(equation) },
      });
      const found = stages[0] && recogniseContraction(stages[0].program);
      expect(found?.rows.count).toBeGreaterThan(1);
      expect(found?.columns.count).toBeGreaterThan(1);
    },
  );

  const refusals: readonly (readonly [string, readonly (readonly number[])[]])[] = [
    ["ij->ik", [[2, 2]]],
    ["ij->ii", [[2, 2]]],
    ["ij", [[2]]],
    ["i", [[2, 3]]],
    ["ij,jk->ik", [[2, 3]]],
    [
      "ij,jk->ik",
      [
        [2, 3],
        [4, 5],
      ],
    ],
    ["i1", [[2, 2]]],
    ["i->j->k", [[2]]],
    ["....i", [[2]]],
  ];
  it.each(refusals)("refuses %s of what does not fit", (equation, shapes) => {
    const run = () => einsum(equation, ...shapes.map((dims) => counting("f32", dims)));
    expect(run).toThrow(expect.objectContaining({ code: "operator/invalid" }));
  });
});
