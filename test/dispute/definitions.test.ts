import { describe, expect, test } from "vitest";
import { elementCount, type Stage } from "../../operators/index.js";
import { longestGame } from "../../src/dispute/play.js";
import { type Settlement, settle } from "../../src/dispute/settle.js";
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

describe("inside every definition", () => {
  let games = 0;
  test.each([...sampled()])("%s", async (_, cases) => {
    for (const [at, c] of cases.entries()) {
      const toy = toyOfCase(c);
      if (!toy) continue;
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
