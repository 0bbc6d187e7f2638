import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteLength } from "../../operators/index.js";
import { bind } from "../../src/graph/bind.js";
import type { Plan, PlanValue } from "../../src/graph/plan.js";
import { MAX_SEGMENT } from "../../src/graph/segments.js";
import { modelOf, type NodeSpec } from "../support/graphs.js";

/** A random chain with skips: node i adds the result of node i − 1 and of some earlier one. */
function randomPlan(skips: readonly number[], granularity: "layer" | "operator" = "layer"): Plan {
  const nodes = skips.map((skip, i): NodeSpec => {
    const earlier = i === 0 ? "x" : `t${Math.max(0, i - 1 - skip)}`;
    return { op: "Add", inputs: [i === 0 ? "x" : `t${i - 1}`, earlier], outputs: [`t${i}`] };
  });
  const model = modelOf({
    inputs: [{ name: "x", dims: [4] }],
    outputs: [`t${skips.length - 1}`],
    nodes,
  });
  return bind(model, { types: new Map([["x", { dtype: "f32", dims: [4] }]]), granularity });
}

const committed = (plan: Plan): number =>
  plan.segments.reduce(
    (sum, s) => sum + s.live.reduce((b, v) => b + byteLength(plan.values[v] as PlanValue), 0),
    0,
  );

/** All ways to cut, the slow way: the oracle for the cheapest. */
function cheapest(plan: Plan): number {
  const bytesAt = randomCutCosts(plan);
  const n = plan.nodes.length;
  const best = (end: number): number => {
    if (end === 0) return 0;
    const sizes = Array.from({ length: Math.min(MAX_SEGMENT, end) }, (_, i) => i + 1);
    return Math.min(...sizes.map((size) => best(end - size))) + (bytesAt[end - 1] as number);
  };
  return best(n);
}

function randomCutCosts(plan: Plan): number[] {
  return plan.nodes.map((_, i) => {
    const later = plan.nodes.slice(i + 1).flatMap((n) => n.inputs);
    const wanted = new Set([...later, ...plan.outputs.map((v) => v.value)]);
    const made = plan.nodes.slice(0, i + 1).flatMap((n) => n.outputs);
    return made
      .filter((v) => wanted.has(v))
      .reduce((sum, v) => sum + byteLength(plan.values[v] as PlanValue), 0);
  });
}

const skipLists = fc.array(fc.nat(6), { minLength: 1, maxLength: 14 });

describe("segments", () => {
  it("cover all nodes in order with at most eight each, and end with the outputs alive", () => {
    fc.assert(
      fc.property(skipLists, (skips) => {
        const plan = randomPlan(skips);
        let at = 0;
        for (const { first, end } of plan.segments) {
          expect(first).toBe(at);
          expect(end - first).toBeGreaterThan(0);
          expect(end - first).toBeLessThanOrEqual(MAX_SEGMENT);
          at = end;
        }
        expect(at).toBe(plan.nodes.length);
        expect(plan.segments.at(-1)?.live).toEqual(plan.outputs.map((v) => v.value));
      }),
    );
  });

  it("commit to the fewest bytes of all cuttings", () => {
    fc.assert(
      fc.property(skipLists, (skips) => {
        const plan = randomPlan(skips);
        expect(committed(plan)).toBe(cheapest(plan));
      }),
      { numRuns: 60 },
    );
  });

  it("hold exactly what later nodes or outputs need, in (node, output) order", () => {
    fc.assert(
      fc.property(skipLists, (skips) => {
        const plan = randomPlan(skips, "operator");
        expect(plan.segments).toHaveLength(plan.nodes.length);
        plan.segments.forEach(({ live, end }) => {
          const later = new Set(plan.nodes.slice(end).flatMap((n) => n.inputs));
          const outputs = new Set(plan.outputs.map((v) => v.value));
          const made = plan.nodes.slice(0, end).flatMap((n) => n.outputs);
          expect(live).toEqual(made.filter((v) => later.has(v) || outputs.has(v)));
        });
      }),
    );
  });

  it("there is one even where nothing is executed", () => {
    const model = modelOf({ inputs: [{ name: "x", dims: [2] }], outputs: ["x"], nodes: [] });
    const plan = bind(model, { types: new Map([["x", { dtype: "f32", dims: [2] }]]) });
    expect(plan.segments).toEqual([{ first: 0, end: 0, live: [] }]);
  });
});
