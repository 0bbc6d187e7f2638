import { describe, expect, test } from "vitest";
import { i64Tensor, type Tensor } from "../../operators/index.js";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import type { Body } from "../../src/dispute/moves.js";
import { envelop, type Party } from "../../src/dispute/party.js";
import { playDispute, virtualClock } from "../../src/dispute/play.js";
import { concat, type Digest } from "../../src/merkle/hash.js";
import { commitList, proveEntry } from "../../src/merkle/list.js";
import { ROOT_TAGS } from "../../src/merkle/tags.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { segmentBody } from "../../src/merkle/trace.js";
import { toHex } from "../../src/receipt/hex.js";
import { makeReceipt, type Receipt } from "../../src/receipt/receipt.js";
import { checkedReferee } from "./zoo/invariants.js";
import { onKind, tampering } from "./zoo/parties.js";
import { hasher, type Run, rulesOf, runOf } from "./zoo/run.js";
import { toy } from "./zoo/toy.js";

/** Faults that need no recomputation: each is its own conviction. */
const small = toy("layer");
const { plan } = small;
const rules = rulesOf(small);
const honest = runOf(small);
const NOTHING = commitTensor(hasher, i64Tensor([], [7]));

async function played(
  run: Run,
  options: { asserter?: Party; challenger?: Party; receipt?: Receipt } = {},
) {
  const record = await playDispute({
    rules,
    receipt: options.receipt ?? run.receipt,
    nonce: new Uint8Array(32),
    asserter: options.asserter ?? new HonestAsserter(rules, run.provider),
    challenger: options.challenger ?? new HonestChallenger(rules, honest.provider),
    clock: virtualClock(),
    referee: checkedReferee,
  });
  if ("refusal" in record) throw new Error(record.refusal.message);
  return record;
}

const verdict = async (...game: Parameters<typeof played>) => (await played(...game)).outcome;

const saying = (...bodies: readonly Body[]): Party => ({
  respond: async (state) => {
    const body = bodies[Math.min(Math.floor(state.sequence / 2), bodies.length - 1)];
    return body && envelop(state, "challenger", body);
  },
});

/** Value ids that stand in both boundaries of a segment. */
const carriedThrough = (segment: number): number[] =>
  (plan.segments[segment]?.live ?? []).filter((v) => plan.segments[segment - 1]?.live.includes(v));

describe("structural faults", () => {
  test("a carried tensor that changed", async () => {
    const segment = plan.segments.findIndex((_, s) => carriedThrough(s).length > 0);
    const value = carriedThrough(segment)[0] as number;
    const at = plan.segments[segment]?.live.indexOf(value) as number;
    const run = runOf(small, {
      publish: ({ boundaries }) => (boundaries[segment] as Digest[]).splice(at, 1, NOTHING),
    });
    expect(await verdict(run)).toMatchObject({
      kind: "refuted",
      evidence: {
        fault: "carried-tensor-changed",
        segment,
        tensor: { value },
        after: toHex(NOTHING),
      },
    });
  });

  test.each([0, 1, 4])("output %i that is not what the run ended with", async (output) => {
    const run = runOf(small, {
      publish: ({ outputs }) => outputs.splice(output, 1, NOTHING),
    });
    expect(await verdict(run)).toMatchObject({
      kind: "refuted",
      evidence: {
        fault: "output-differs",
        output,
        tensor: { name: plan.outputs[output]?.name },
        claimed: toHex(NOTHING),
        correct: toHex(honest.provider.outputs[output] as Digest),
      },
    });
  });

  test.each([2, 3])(
    "output %i that should be an input or a weight cannot be proved",
    async (output) => {
      const run = runOf(small, {
        publish: ({ outputs }) => outputs.splice(output, 1, NOTHING),
      });
      expect(await verdict(run)).toMatchObject({ kind: "defaulted", side: "asserter" });
    },
  );

  test("an outputs root that nothing makes cannot be opened", async () => {
    const receipt = makeReceipt({ ...honest.receipt, outputs: NOTHING });
    const record = await played(honest, { receipt });
    expect(record.outcome).toMatchObject({ kind: "defaulted", side: "asserter" });
    expect(record.transcript.at(-2)?.refusal?.code).toBe("wrong-outputs");
  });

  test("another number of segments", async () => {
    const receipt = makeReceipt({ ...honest.receipt, segments: plan.segments.length + 1 });
    expect(await verdict(honest, { receipt })).toEqual({
      kind: "refuted",
      evidence: {
        fault: "segment-count",
        claimed: plan.segments.length + 1,
        correct: plan.segments.length,
      },
    });
  });

  test("a steering input of another value than the plan was bound with", async () => {
    const other = commitTensor(hasher, i64Tensor([2], [2, 8]));
    const run = runOf(small, { publish: ({ inputs }) => inputs.splice(2, 1, other) });
    expect(await verdict(run)).toMatchObject({
      kind: "refuted",
      evidence: { fault: "steering-input-differs", input: 2, claimed: toHex(other) },
    });
  });

  test("a steering input that only the answer puts right", async () => {
    const other = commitTensor(hasher, i64Tensor([2], [2, 8]));
    const run = runOf(small, { publish: ({ inputs }) => inputs.splice(2, 1, other) });
    const right = honest.provider.inputs.map((d) => toHex(d));
    const lie = onKind("openInputs", () => ({ commitments: right }));
    const asserter = tampering(new HonestAsserter(rules, run.provider), lie);
    const record = await played(run, { asserter });
    expect(record.outcome).toMatchObject({ kind: "defaulted", side: "asserter" });
    expect(record.transcript.at(-2)?.refusal?.code).toBe("wrong-proof");
  });

  test.each([
    ["length", (body: Uint8Array) => concat(body, Uint8Array.of(0)), /bytes, not/],
    ["tag", (body: Uint8Array) => Uint8Array.of(0x12, ...body.slice(1)), /tag/],
    [
      "index",
      (body: Uint8Array) => Uint8Array.of(0x11, 9, ...body.slice(2)),
      /says it is segment 9/,
    ],
  ] as const)("a committed boundary of a wrong %s", async (_what, change, problem) => {
    const bodies = honest.provider.boundaries.map((live, s) =>
      s === 1 ? change(segmentBody(s, live)) : segmentBody(s, live),
    );
    const list = commitList(hasher, ROOT_TAGS.trace, bodies);
    const leaf = (s: number) => ({
      body: bodies[s] as Uint8Array,
      proof: proveEntry(list, s).map(toHex),
    });
    const open = onKind("openBoundaries", () => ({ before: leaf(0), after: leaf(1) }));
    const outcome = await verdict(honest, {
      receipt: makeReceipt({ ...honest.receipt, trace: list.root }),
      asserter: tampering(new HonestAsserter(rules, honest.provider), open),
      challenger: saying({ kind: "nameSegment", segment: 1 }),
    });
    expect(outcome).toMatchObject({
      kind: "refuted",
      evidence: {
        fault: "malformed-boundary",
        segment: 1,
        problem: expect.stringMatching(problem),
      },
    });
  });

  test("a committed input with a NaN that is not the canonical one", async () => {
    const x = small.inputs.get("x") as Tensor;
    const bytes = x.bytes.slice();
    bytes.set([1, 0, 0xc0, 0x7f], 4 * 3);
    const run = runOf(small, { inputs: new Map([...small.inputs, ["x", { ...x, bytes }]]) });
    const challenger = saying(
      { kind: "nameSegment", segment: 0 },
      { kind: "nameOperator", node: 0 },
    );
    expect(await verdict(run, { challenger })).toMatchObject({
      kind: "refuted",
      evidence: {
        fault: "non-canonical",
        operator: { index: 0 },
        tensor: { name: "x" },
        element: { index: 3, coordinates: [0, 3] },
        claimed: "0x7fc00001",
      },
    });
  });
});
