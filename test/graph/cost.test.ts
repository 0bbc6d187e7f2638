import { describe, expect, test } from "vitest";
import { fitsBudget, nodeCost, planCost, REFEREE_BUDGET } from "../../src/graph/cost.js";
import type { PlanNode } from "../../src/graph/plan.js";
import { toy } from "../dispute/zoo/toy.js";

const { plan } = toy("layer");
const costOf = (name: string) => {
  const node = plan.nodes.find((n) => n.name === name) as PlanNode;
  return nodeCost(plan, node);
};

describe("cost from the plan", () => {
  test("a matrix product: 2 reads, a product and a sum for each of 2·8 elements and 8 steps", () => {
    expect(costOf("/h0/MatMul")).toEqual({ steps: 16 * 8 * 4, bytes: 4 * (16 + 64 + 16) });
  });

  test("a map: reads and micro-ops of its finish", () => {
    expect(costOf("/h1/Add")).toEqual({ steps: 16 * 3, bytes: 4 * (16 + 8 + 16) });
  });

  test("moving data costs its reads", () => {
    const { steps, bytes } = costOf("/s0/Split");
    expect(steps).toBeGreaterThanOrEqual(16);
    expect(bytes).toBe(4 * (16 + 8 + 8));
  });

  test("a uniform constant counts as one element", () => {
    expect(costOf("/h12/Mul").bytes).toBe(4 * (16 + 1 + 16));
    expect(costOf("/h13/Add").bytes).toBe(4 * (16 + 16 + 16));
  });

  test("the whole is the sum of its nodes", () => {
    const { nodes, total } = planCost(plan);
    expect(nodes).toHaveLength(plan.nodes.length);
    expect(total.steps).toBe(nodes.reduce((sum, c) => sum + c.steps, 0));
    expect(total.bytes).toBe(nodes.reduce((sum, c) => sum + c.bytes, 0));
  });

  test("a budget holds for both bytes and steps, inclusive", () => {
    const { bytes, steps } = REFEREE_BUDGET;
    expect(fitsBudget({ bytes, steps })).toBe(true);
    expect(fitsBudget({ bytes: bytes + 1, steps })).toBe(false);
    expect(fitsBudget({ bytes, steps: steps + 1 })).toBe(false);
  });
});
