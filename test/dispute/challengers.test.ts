import { describe, expect, test } from "vitest";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import type { Body } from "../../src/dispute/moves.js";
import { envelop, type Party } from "../../src/dispute/party.js";
import { type GameClock, longestGame, playDispute, virtualClock } from "../../src/dispute/play.js";
import type { RefusalCode } from "../../src/dispute/refusals.js";
import type { DisputeState } from "../../src/dispute/state.js";
import { checkedReferee } from "./zoo/invariants.js";
import { flip, type Tamper, tampering } from "./zoo/parties.js";
import { rulesOf, runOf } from "./zoo/run.js";
import { toy } from "./zoo/toy.js";

/** Faulty challengers against an honest asserter: it never loses. */
const small = toy("layer");
const { plan } = small;
const rules = rulesOf(small);
const honest = runOf(small);
const wrong = runOf(small, { corrupt: [{ node: 5 }] });

async function play(challenger: Party, clock: GameClock = virtualClock()) {
  let answers = 0;
  const asserter = tampering(new HonestAsserter(rules, honest.provider), (move) => {
    answers++;
    return move;
  });
  const record = await playDispute({
    rules,
    receipt: honest.receipt,
    nonce: new Uint8Array(32).fill(1),
    asserter,
    challenger,
    clock,
    referee: checkedReferee,
  });
  if ("refusal" in record) throw new Error(record.refusal.message);
  expect(record.rounds).toBeLessThanOrEqual(longestGame(rules));
  // Nothing that the honest asserter says is ever refused.
  const accepted = record.transcript.filter((entry) => entry.refusal === null);
  expect(accepted.filter((entry) => entry.sender === "asserter")).toHaveLength(answers);
  return record;
}

const saying = (say: (state: DisputeState) => Body | undefined): Party => ({
  respond: async (state) => {
    const body = say(state);
    return body && envelop(state, "challenger", body);
  },
});

describe("an honest asserter is not refuted by a challenger that", () => {
  const operators = plan.segments.flatMap(({ first, end }, segment) =>
    Array.from({ length: end - first }, (_, i) => ({ segment, node: first + i })),
  );

  test.each(operators)("points at operator $node", async ({ segment, node }) => {
    const record = await play(
      saying(({ phase }) =>
        phase.name === "locate" ? { kind: "nameSegment", segment } : { kind: "nameOperator", node },
      ),
    );
    expect(record.outcome).toMatchObject({
      kind: "not-refuted",
      checked: { what: "operator", operator: { index: node, name: plan.nodes[node]?.name } },
    });
  });

  test("descends to every segment", async () => {
    for (const segment of plan.segments.keys()) {
      const node = plan.segments[segment]?.first ?? 0;
      const record = await play(
        saying(({ phase }) => {
          if (phase.name === "locate") return { kind: "descend" };
          if (phase.name === "selectNode") return { kind: "select", child: segment };
          return { kind: "nameOperator", node };
        }),
      );
      expect(record.outcome).toMatchObject({
        kind: "not-refuted",
        checked: { operator: { index: node } },
      });
    }
  });

  test("holds a wrong run", async () => {
    const record = await play(new HonestChallenger(rules, wrong.provider));
    expect(record.outcome).toMatchObject({
      kind: "not-refuted",
      checked: { operator: { index: 5 } },
    });
  });

  test("doubts the steering input", async () => {
    const record = await play(saying(() => ({ kind: "challengeInputs" })));
    expect(record.outcome).toEqual({ kind: "not-refuted", checked: { what: "inputs" } });
  });

  test("has no complaint", async () => {
    const record = await play(new HonestChallenger(rules, honest.provider));
    expect(record.outcome).toMatchObject({ kind: "defaulted", side: "challenger" });
  });

  test("answers after its time", async () => {
    const clock = virtualClock();
    const slow: Party = {
      respond: async (state) => {
        await clock.waitUntil(clock.now() + rules.clock.perSide + 1);
        return envelop(state, "challenger", { kind: "descend" });
      },
    };
    const record = await play(slow, clock);
    expect(record.outcome).toMatchObject({ kind: "defaulted", side: "challenger" });
    expect(record.transcript[0]?.refusal?.code).toBe("late");
  });

  const refused: readonly (readonly [string, Body, RefusalCode])[] = [
    [
      "a segment that is none",
      { kind: "nameSegment", segment: plan.segments.length },
      "wrong-index",
    ],
    ["a negative segment", { kind: "nameSegment", segment: -1 }, "wrong-index"],
    ["half a segment", { kind: "nameSegment", segment: 0.5 }, "malformed"],
    ["a choice before there is one", { kind: "select", child: 0 }, "wrong-phase"],
    ["an answer that is not due", { kind: "openSegment", inner: [] }, "wrong-phase"],
    ["time that is not over", { kind: "timeout" }, "too-early"],
  ];
  test.each(refused)("says %s", async (_name, body, code) => {
    const record = await play(saying(() => body));
    expect(record.outcome).toMatchObject({ kind: "defaulted", side: "challenger" });
    expect(record.transcript[0]?.refusal?.code).toBe(code);
  });

  test.each([-1, 3, 64])("selects child %i of 3", async (child) => {
    const record = await play(
      saying(({ phase }) =>
        phase.name === "locate" ? { kind: "descend" } : { kind: "select", child },
      ),
    );
    expect(record.outcome).toMatchObject({ kind: "defaulted", side: "challenger" });
    expect(record.transcript.at(-2)?.refusal?.code).toBe("wrong-index");
  });

  test("names an operator of another segment", async () => {
    const record = await play(
      saying(({ phase }) =>
        phase.name === "locate"
          ? { kind: "nameSegment", segment: 1 }
          : { kind: "nameOperator", node: 0 },
      ),
    );
    expect(record.transcript.at(-2)?.refusal?.code).toBe("wrong-index");
    expect(record.outcome).toMatchObject({ kind: "defaulted", side: "challenger" });
  });

  const envelopes: readonly (readonly [string, Tamper, RefusalCode])[] = [
    ["sends as the asserter", (m) => ({ ...m, sender: "asserter" }), "wrong-sender"],
    ["sends as anyone", (m) => ({ ...m, sender: "anyone" }), "wrong-sender"],
    ["sends for another dispute", (m) => ({ ...m, dispute: flip(m.dispute) }), "wrong-dispute"],
    ["repeats an old position", (m) => ({ ...m, sequence: m.sequence - 1 }), "wrong-sequence"],
  ];
  test.each(envelopes)("%s", async (_name, tamper, code) => {
    const record = await play(tampering(new HonestChallenger(rules, wrong.provider), tamper));
    expect(record.outcome).toMatchObject({ kind: "defaulted", side: "challenger" });
    expect(record.transcript[0]?.refusal?.code).toBe(code);
  });
});
