import { describe, expect, test } from "vitest";
import { longestGame } from "../../src/dispute/play.js";
import { settle } from "../../src/dispute/settle.js";
import { rulesOf, runOf } from "./zoo/run.js";
import { toy } from "./zoo/toy.js";

/** Corrupts every output of every operator in turn, and lets two executors settle it. */
describe.each(["layer", "operator"] as const)("at %s granularity", (granularity) => {
  const small = toy(granularity);
  const { plan } = small;
  const rules = rulesOf(small);
  const honest = runOf(small);
  const cases = plan.nodes.flatMap((node, index) =>
    node.outputs.map((value, output) => ({ name: node.name, index, output, value })),
  );

  test.each(cases)("finds $name output $output", async ({ index, output, value }) => {
    const elements =
      (honest.tensors[value]?.bytes.length ?? 0) / (output === 1 && index === 3 ? 1 : 4);
    const element = elements - 1;
    const corrupted = runOf(small, { corrupt: [{ node: index, output, element }], executor: 2 });
    const settlement = await settle(rules, honest, corrupted);
    const live = plan.segments.some((s) => s.live.includes(value));
    if (settlement.kind === "agree") {
      expect(live).toBe(false);
      return;
    }
    expect(settlement).toMatchObject({
      kind: "settled",
      atFault: ["b"],
      against: {
        a: { outcome: { kind: "not-refuted", checked: { operator: { index } } } },
        b: {
          outcome: {
            kind: "refuted",
            evidence: {
              fault: "wrong-operator",
              operator: { index },
              output,
              element: { index: element },
            },
          },
        },
      },
    });
    if (settlement.kind !== "settled") return;
    for (const { rounds, transcript } of Object.values(settlement.against)) {
      expect(rounds).toBeLessThanOrEqual(longestGame(rules));
      expect(transcript.every((entry) => entry.refusal === null)).toBe(true);
    }
  });
});
