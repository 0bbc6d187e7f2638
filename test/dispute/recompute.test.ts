import { describe, expect, test } from "vitest";
import type { Tensor } from "../../operators/index.js";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import { OpenedTensors } from "../../src/dispute/opened.js";
import { playDispute, virtualClock } from "../../src/dispute/play.js";
import { interpreterRecompute } from "../../src/dispute/rules.js";
import { planCost } from "../../src/graph/cost.js";
import type { PlanNode } from "../../src/graph/plan.js";
import { rulesOf, runOf } from "./zoo/run.js";
import { toy } from "./zoo/toy.js";

const small = toy("layer");
const { plan } = small;
const honest = runOf(small);
const idOf = (name: string): number => plan.values.findIndex((v) => v.name === name);

describe("what the referee reads", () => {
  test("is what was opened, or a constant of the plan", () => {
    const opened = new OpenedTensors(plan);
    const x = idOf("x");
    expect(() => opened.read(x)).toThrow(expect.objectContaining({ code: "dispute/refused" }));
    opened.add(x, (honest.tensors[x] as Tensor).bytes);
    expect(opened.read(x)).toEqual(honest.tensors[x]);
    for (const name of ["c0", "c1"])
      expect(opened.read(idOf(name))).toEqual(honest.tensors[idOf(name)]);
    for (const name of ["w1", "y", "h5", "out"]) expect(() => opened.read(idOf(name))).toThrow();
  });

  test("is recomputed for one operator, once", async () => {
    const asked: PlanNode[] = [];
    const rules = rulesOf(small, {
      recompute: (node, inputs) => {
        asked.push(node);
        expect(inputs.map((t) => t?.dims)).toEqual(
          node.inputs.map((v) => (v === undefined ? undefined : plan.values[v]?.dims)),
        );
        return interpreterRecompute(node, inputs);
      },
    });
    const record = await playDispute({
      rules,
      receipt: honest.receipt,
      nonce: new Uint8Array(32),
      asserter: new HonestAsserter(rules, honest.provider),
      challenger: new HonestChallenger(rules, runOf(small, { corrupt: [{ node: 9 }] }).provider),
      clock: virtualClock(),
    });
    if ("refusal" in record) throw new Error(record.refusal.message);
    expect(asked).toEqual([plan.nodes[9]]);
    const cost = planCost(plan);
    expect(record.outcome).toMatchObject({
      kind: "not-refuted",
      checked: { cost: { operator: cost.nodes[9], run: cost.total, moveBytes: record.moveBytes } },
    });
  });

  test("fails on the referee's side without touching the game", async () => {
    const broken = rulesOf(small, {
      recompute: () => {
        throw new Error("no memory");
      },
    });
    const playing = playDispute({
      rules: broken,
      receipt: honest.receipt,
      nonce: new Uint8Array(32),
      asserter: new HonestAsserter(broken, honest.provider),
      challenger: new HonestChallenger(broken, runOf(small, { corrupt: [{ node: 9 }] }).provider),
      clock: virtualClock(),
    });
    await expect(playing).rejects.toThrow("no memory");
  });
});
