import { describe, expect, test } from "vitest";
import { elementCount, type Stage } from "../../operators/index.js";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { envelop } from "../../src/dispute/party.js";
import { longestGame, playDispute, virtualClock } from "../../src/dispute/play.js";
import { type Settlement, settle } from "../../src/dispute/settle.js";
import { targetOf, targetsInOrder } from "../../src/dispute/targets.js";
import type { PlanNode } from "../../src/graph/plan.js";
import { DEFINITION_CASES } from "../definitions/cases/index.js";
import type { DefinitionCase } from "../definitions/cases/types.js";
import { TINY_BUDGET } from "./zoo/budgets.js";
import { toyOfCase } from "./zoo/cases.js";
import { rulesOf, runOf } from "./zoo/run.js";
import type { Toy } from "./zoo/toy.js";

/**
 * For every definition: one element of one stage is wrong and everything after it follows from it.
 * The challenger convicts exactly that element, and the honest run survives the same accusations.
 */

/** Cases per operator, spread over its list: all would take minutes. */
const PER_OPERATOR = 4;

function sampled(): Map<string, DefinitionCase[]> {
  const byOperator = new Map<string, DefinitionCase[]>();
  for (const c of DEFINITION_CASES) {
    const key = `${c.domain}:${c.operator}`;
    byOperator.set(key, [...(byOperator.get(key) ?? []), c]);
  }
  for (const [key, cases] of byOperator) {
    const every = Math.max(1, Math.ceil(cases.length / PER_OPERATOR));
    byOperator.set(
      key,
      cases.filter((_, i) => i % every === 0),
    );
  }
  return byOperator;
}

/** Elements to make wrong: of a recurrence's stage at the first, a middle and the last step. */
function elementsOf(toy: Toy, stage: number, pick: number): number[] {
  const { stages, scan } = toy.plan.nodes[0]?.lowering ?? { stages: [], scan: undefined };
  const { out } = (stages[stage] as Stage).program;
  const count = elementCount(out);
  if (count === 0) return [];
  if (!scan || stage < scan.first || stage >= scan.end) return [(pick * 7919) % count];
  const slice = count / scan.steps;
  const steps = [...new Set([0, Math.floor(scan.steps / 2), scan.steps - 1])];
  return slice === 0 ? [] : steps.map((t) => t * slice + ((pick * 7919) % slice));
}

async function convict(toy: Toy, stage: number, element: number, shared: boolean) {
  const rules = rulesOf(toy, { budget: TINY_BUDGET });
  const honest = runOf(toy);
  const wrong = runOf(toy, { corrupt: [{ node: 0, stage, element }], executor: 2 });
  const settlement = await settle(rules, honest, wrong, { shared });
  if (settlement.kind === "agree") return false;
  expectConvicted(toy, settlement, stage, element);
  if (settlement.kind !== "settled") return true;
  for (const { rounds, transcript } of Object.values(settlement.against)) {
    expect(rounds).toBeLessThanOrEqual(longestGame(rules));
    expect(transcript.flatMap((entry) => entry.refusal ?? [])).toEqual([]);
    expect(Math.max(...transcript.map((entry) => entry.bytes))).toBeLessThanOrEqual(8192);
  }
  return true;
}

function expectConvicted(toy: Toy, settlement: Settlement, stage: number, element: number): void {
  const { stages, outputs } = toy.plan.nodes[0]?.lowering ?? { stages: [], outputs: [] };
  const output = outputs.findIndex((o) => o.stage === stage);
  const name = output < 0 ? stages[stage]?.name : `y${output}`;
  expect(settlement).toMatchObject({
    kind: "settled",
    atFault: ["b"],
    against: {
      a: { outcome: { kind: "not-refuted", checked: { what: "stretch" } } },
      b: {
        outcome: {
          kind: "refuted",
          evidence: { fault: "wrong-stretch", tensor: { name }, element: { index: element } },
        },
      },
    },
  });
}

/** Whatever element of whatever result is named, an honest run shows it and stands. */
async function survives(toy: Toy): Promise<void> {
  const rules = rulesOf(toy, { budget: TINY_BUDGET });
  const { receipt, provider } = runOf(toy);
  const node = toy.plan.nodes[0] as PlanNode;
  const targets = targetsInOrder(node);
  const every = Math.ceil(targets.length / 8);
  for (const [at, target] of targets.entries()) {
    const count = elementCount(targetOf(node, target)?.type.dims ?? []);
    if (count === 0 || at % every !== 0) continue;
    const element = (at * 6700417) % count;
    const record = await playDispute({
      rules,
      receipt,
      nonce: new Uint8Array(32),
      asserter: new HonestAsserter(rules, provider),
      challenger: {
        respond: async (state) => {
          const { name } = state.phase;
          const last = { kind: "selectSpan", span: at % 2 } as const;
          const accuse = { kind: "accuse", segment: 0, node: 0, target, element } as const;
          return envelop(state, "challenger", name === "locate" ? accuse : last);
        },
      },
      clock: virtualClock(),
    });
    if ("refusal" in record) throw new Error(record.refusal.message);
    expect(record.outcome).toMatchObject({ kind: "not-refuted", checked: { what: "stretch" } });
    expect(record.transcript.flatMap((entry) => entry.refusal ?? [])).toEqual([]);
  }
}

describe("inside every definition", () => {
  let games = 0;
  test.each([...sampled()])("%s", async (_, cases) => {
    for (const [at, c] of cases.entries()) {
      const toy = toyOfCase(c);
      if (!toy) continue;
      if (at === 0) await survives(toy);
      const { stages } = toy.plan.nodes[0]?.lowering ?? { stages: [] };
      for (const stage of stages.keys()) {
        for (const element of elementsOf(toy, stage, at + stage)) {
          games += (await convict(toy, stage, element, (at + stage) % 2 === 0)) ? 1 : 0;
        }
      }
    }
  });

  test("were real games", () => {
    expect(games).toBeGreaterThan(500);
  });
});
