import { describe, expect, test } from "vitest";
import { f32Tensor } from "../../operators/index.js";
import { type SettleOptions, settle } from "../../src/dispute/settle.js";
import { describeOutcome } from "../../src/verify/describe.js";
import { TINY_BUDGET } from "./zoo/budgets.js";
import { rulesOf, runOf } from "./zoo/run.js";
import { noise, oneNode, type Toy } from "./zoo/toy.js";

/** What a verdict calls the place of a wrong element. */
const heads = (seed: number) => f32Tensor([1, 4, 12, 40], noise(4 * 12 * 40, seed));
const attention = oneNode("Attention", 23, [heads(1), heads(2), heads(3)], [], ["f32"], {
  name: "/model/layers.7/attn/Attention",
});

async function verdict(toy: Toy, stage: number, element: number, options?: SettleOptions) {
  const rules = rulesOf(toy, { budget: { ...TINY_BUDGET, stretch: { steps: 16, weight: 4096 } } });
  const wrong = runOf(toy, { corrupt: [{ node: 0, stage, element }] });
  const settlement = await settle(rules, runOf(toy), wrong, options);
  if (settlement.kind !== "settled") throw new Error(settlement.kind);
  return describeOutcome(toy.plan, settlement.against.b.outcome);
}

describe.each([true, false])("a verdict names (data at hand: %s)", (shared) => {
  test("layer, head and scores of an attention", async () => {
    const element = (3 * 12 + 5) * 12 + 11;
    const text = await verdict(attention, 0, element, { shared });
    expect(text).toContain("layer 7, attention head 3, scores[5,11], k 32..39: the element is");
    expect(text).toMatch(/claimed as 0x[0-9a-f]{8}, correct is 0x[0-9a-f]{8}$/);
  });

  test("the output of a head", async () => {
    const { stages } = attention.plan.nodes[0]?.lowering ?? { stages: [] };
    const element = (2 * 12 + 7) * 40 + 9;
    const text = await verdict(attention, stages.length - 1, element, { shared });
    expect(text).toContain("layer 7, attention head 2, y0[7,9], k 0..11");
  });
});
