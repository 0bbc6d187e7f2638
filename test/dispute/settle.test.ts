import { describe, expect, test } from "vitest";
import { f32Tensor } from "../../operators/index.js";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import { longestGame, playDispute, virtualClock } from "../../src/dispute/play.js";
import { settle } from "../../src/dispute/settle.js";
import { startDispute } from "../../src/dispute/start.js";
import { makeReceipt } from "../../src/receipt/receipt.js";
import { saltCommitment } from "../../src/receipt/salt.js";
import { flipFirst, onKind, tampering } from "./zoo/parties.js";
import { hasher, rulesOf, runOf } from "./zoo/run.js";
import { chain, noise, toy } from "./zoo/toy.js";

const small = toy("layer");
const rules = rulesOf(small);
const honest = runOf(small);

describe("settling two runs", () => {
  test("equal runs agree, whoever signed them", async () => {
    expect(await settle(rules, honest, runOf(small, { executor: 2 }))).toEqual({ kind: "agree" });
  });

  test("names each that is at fault, in either order", async () => {
    const early = runOf(small, { corrupt: [{ node: 1 }] });
    expect(await settle(rules, early, honest)).toMatchObject({ atFault: ["a"] });
    expect(await settle(rules, honest, early)).toMatchObject({ atFault: ["b"] });
  });

  test("finds both where both are wrong at one place", async () => {
    const one = runOf(small, { corrupt: [{ node: 4, element: 0 }] });
    const two = runOf(small, { corrupt: [{ node: 4, element: 1 }] });
    expect(await settle(rules, one, two)).toMatchObject({ atFault: ["a", "b"] });
  });

  test("convicts the earlier of two that are wrong at different places, and acquits nobody", async () => {
    const one = runOf(small, { corrupt: [{ node: 1 }] });
    const two = runOf(small, { corrupt: [{ node: 16 }] });
    expect(await settle(rules, one, two)).toMatchObject({ atFault: ["a"] });
    expect(await settle(rules, honest, two)).toMatchObject({ atFault: ["b"] });
  });

  test("names the operator at once where the runs are shared", async () => {
    const wrong = runOf(small, { corrupt: [{ node: 12 }] });
    const walked = await settle(rules, honest, wrong);
    const named = await settle(rules, honest, wrong, { shared: true });
    if (walked.kind !== "settled" || named.kind !== "settled") throw new Error("not settled");
    expect(named.against.b.outcome).toMatchObject({ kind: "refuted" });
    expect(walked.against.b.transcript.map((e) => e.kind)).toContain("descend");
    expect(named.against.b.transcript.map((e) => e.kind)).toEqual([
      "accuse",
      "openPath",
      "openOperator",
    ]);
  });

  test.each([
    ["profile", "other-profile"],
    ["model", "other-model"],
    ["binding", "other-binding"],
    ["plan", "other-plan"],
  ] as const)("another %s is another claim", async (field, code) => {
    const receipt = makeReceipt({ ...honest.receipt, [field]: new Uint8Array(32).fill(9) });
    const nonce = new Uint8Array(32);
    expect(startDispute(rules, { receipt, nonce, now: 0 })).toMatchObject({ refusal: { code } });
    const other = { ...honest, receipt };
    expect(await settle(rules, honest, other)).toMatchObject({
      kind: "refused",
      refusal: { code },
    });
    expect(await settle(rules, other, honest)).toMatchObject({
      kind: "refused",
      refusal: { code },
    });
  });

  test("other inputs are another claim", async () => {
    const x = f32Tensor([2, 8], noise(16, 77));
    const other = runOf(small, { inputs: new Map([...small.inputs, ["x", x]]) });
    expect(await settle(rules, honest, other)).toMatchObject({
      kind: "refused",
      refusal: { code: "other-inputs" },
    });
  });
});

describe("salted receipts", () => {
  const salted = (salt: number, node?: number) =>
    runOf(small, {
      salt: new Uint8Array(32).fill(salt),
      corrupt: node === undefined ? [] : [{ node }],
    });

  test("are compared and disputed once their roots are revealed", async () => {
    expect(await settle(rules, honest, salted(3))).toEqual({ kind: "agree" });
    const settlement = await settle(rules, salted(3), salted(4, 7));
    expect(settlement).toMatchObject({
      atFault: ["b"],
      against: { b: { outcome: { evidence: { operator: { index: 7 } } } } },
    });
    if (settlement.kind !== "settled") return;
    expect(settlement.against.b.transcript[0]).toMatchObject({
      sender: "asserter",
      kind: "reveal",
    });
  });

  test("whose salt is withheld or wrong default", async () => {
    const hidden = salted(3);
    for (const salt of [undefined, new Uint8Array(32).fill(9)]) {
      const liar = { receipt: hidden.receipt, provider: { ...salted(3, 2).provider, salt } };
      const settlement = await settle(rules, liar, honest);
      expect(settlement).toMatchObject({
        atFault: ["a"],
        against: { a: { outcome: { kind: "defaulted", side: "asserter" } } },
      });
    }
  });
});

test("a salted receipt that reveals the roots of a better run defaults", async () => {
  const salt = new Uint8Array(32).fill(3);
  const { receipt } = runOf(small, { salt, corrupt: [{ node: 2 }] });
  const liar = { receipt, provider: runOf(small, { salt }).provider };
  const settlement = await settle(rules, liar, honest);
  expect(settlement).toMatchObject({ atFault: ["a"] });
  if (settlement.kind !== "settled") return;
  expect(settlement.against.a.transcript[0]?.refusal?.code).toBe("wrong-proof");
});

test("a receipt whose salt is not the one that masks its roots defaults", async () => {
  const salt = new Uint8Array(32).fill(3);
  const run = runOf(small, { salt, corrupt: [{ node: 2 }] });
  const other = saltCommitment(hasher, new Uint8Array(32).fill(4));
  const liar = { ...run, receipt: makeReceipt({ ...run.receipt, salt: other }) };
  const settlement = await settle(rules, liar, honest);
  expect(settlement).toMatchObject({ atFault: ["a"] });
  if (settlement.kind !== "settled") return;
  expect(settlement.against.a.transcript[0]?.refusal?.code).toBe("wrong-proof");
});

describe("long traces", () => {
  const long = chain(200);
  const longRules = rulesOf(long);
  const right = runOf(long);

  test.each([0, 1, 63, 64, 127, 128, 191, 192, 199])(
    "descends to operator %i of 200",
    async (node) => {
      const wrong = runOf(long, { corrupt: [{ node, element: 2 }] });
      const settlement = await settle(longRules, right, wrong);
      expect(settlement).toMatchObject({
        atFault: ["b"],
        against: {
          b: { outcome: { evidence: { operator: { index: node }, element: { index: 2 } } } },
        },
      });
      if (settlement.kind !== "settled") return;
      const { rounds, transcript } = settlement.against.b;
      expect(rounds).toBeLessThanOrEqual(longestGame(longRules));
      // At operator granularity the plan leaves no choice within a segment: nothing is asked about it.
      expect(transcript.map((entry) => entry.kind).slice(-2)).toEqual([
        "openBoundaries",
        "openOperator",
      ]);
    },
  );

  test("refuse wrong nodes below the root", async () => {
    const wrong = runOf(long, { corrupt: [{ node: 190 }] });
    const honestly = new HonestAsserter(longRules, wrong.provider);
    const record = await playDispute({
      rules: longRules,
      receipt: wrong.receipt,
      nonce: new Uint8Array(32),
      asserter: tampering(
        honestly,
        onKind("hashes", (m, { sequence }) =>
          sequence > 1 ? { hashes: flipFirst(m.hashes) } : {},
        ),
      ),
      challenger: new HonestChallenger(longRules, right.provider),
      clock: virtualClock(),
    });
    if ("refusal" in record) throw new Error(record.refusal.message);
    expect(record.outcome).toMatchObject({ kind: "defaulted", side: "asserter" });
    expect(record.rounds).toBe(4);
    expect(record.transcript.at(-2)?.refusal?.code).toBe("wrong-hashes");
  });
});
