import { describe, expect, test } from "vitest";
import { DTYPES } from "../../operators/index.js";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import type { LeafOpening, MoveKind } from "../../src/dispute/moves.js";
import type { Party } from "../../src/dispute/party.js";
import {
  type DisputeRecord,
  longestGame,
  playDispute,
  virtualClock,
} from "../../src/dispute/play.js";
import type { RefusalCode } from "../../src/dispute/refusals.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { checkedReferee } from "./zoo/invariants.js";
import {
  flip,
  flipByte,
  flipFirst,
  lateOn,
  onKind,
  silentOn,
  type Tamper,
  tampering,
} from "./zoo/parties.js";
import { hasher, type Run, rulesOf, runOf } from "./zoo/run.js";
import { toy } from "./zoo/toy.js";

/**
 * Faulty asserters against an honest challenger: each ends convicted, or refused by name until its
 * time is over.
 */
const small = toy("layer");
const { plan } = small;
const rules = rulesOf(small);
const honest = runOf(small);
/** Wrong at an operator in the middle of the middle segment, which has inner results. */
const CORRUPT = 5;
const corrupted = runOf(small, { corrupt: [{ node: CORRUPT }] });
const clockRules = rules.clock;

async function play(
  run: Run,
  make: (honestly: Party, clock: ReturnType<typeof virtualClock>) => Party,
) {
  const clock = virtualClock();
  const record = await playDispute({
    rules,
    receipt: run.receipt,
    nonce: new Uint8Array(32),
    asserter: make(new HonestAsserter(rules, run.provider), clock),
    challenger: new HonestChallenger(rules, honest.provider),
    clock,
    referee: checkedReferee,
  });
  if ("refusal" in record) throw new Error(record.refusal.message);
  expect(record.rounds).toBeLessThanOrEqual(longestGame(rules));
  return record;
}

function expectDefault(record: DisputeRecord, code: RefusalCode | undefined): void {
  expect(record.outcome).toMatchObject({ kind: "defaulted", side: "asserter" });
  const refusals = record.transcript.flatMap((entry) => entry.refusal?.code ?? []);
  if (code) expect(new Set(refusals)).toEqual(new Set([code]));
  else expect(refusals).toEqual([]);
}

const longer = (list: readonly string[]): string[] => [...list, ...list.slice(0, 1)];
const shorter = (list: readonly string[]): string[] => list.slice(0, -1);
const after = (change: (leaf: LeafOpening) => Partial<LeafOpening>): Tamper =>
  onKind("openBoundaries", (m) => ({ after: { ...m.after, ...change(m.after) } }));

const REFUSED: readonly (readonly [string, Tamper, RefusalCode])[] = [
  [
    "posts the nodes in another order",
    onKind("hashes", (m) => ({ hashes: [...m.hashes].reverse() })),
    "wrong-hashes",
  ],
  [
    "posts a wrong node",
    onKind("hashes", (m) => ({ hashes: flipFirst(m.hashes) })),
    "wrong-hashes",
  ],
  ["posts a node too many", onKind("hashes", (m) => ({ hashes: longer(m.hashes) })), "wrong-count"],
  ["posts a node too few", onKind("hashes", (m) => ({ hashes: shorter(m.hashes) })), "wrong-count"],
  [
    "posts text instead of nodes",
    onKind("hashes", (m) => ({ hashes: m.hashes.map(() => "0x12") })),
    "malformed",
  ],
  ["gives a wrong proof", after((l) => ({ proof: flipFirst(l.proof) })), "wrong-proof"],
  ["gives a short proof", after((l) => ({ proof: shorter(l.proof) })), "wrong-proof"],
  ["gives a long proof", after((l) => ({ proof: longer(l.proof) })), "wrong-proof"],
  [
    "gives a proof for another index",
    onKind("openBoundaries", (m) => ({ after: { ...m.after, proof: m.before?.proof ?? [] } })),
    "wrong-proof",
  ],
  [
    "opens another boundary",
    onKind("openBoundaries", (m) => ({ after: m.before as LeafOpening })),
    "wrong-proof",
  ],
  ["changes a boundary", after((l) => ({ body: flipByte(l.body, 12) })), "wrong-proof"],
  [
    "leaves the boundary before out",
    onKind("openBoundaries", () => ({ before: null })),
    "malformed",
  ],
  ["adds outputs that are not due", onKind("openBoundaries", () => ({ outputs: [] })), "malformed"],
  [
    "adds proofs that are not due",
    onKind("openBoundaries", () => ({ proofs: [[]] })),
    "wrong-count",
  ],
  [
    "posts too many inner results",
    onKind("openSegment", (m) => ({ inner: longer(m.inner) })),
    "wrong-count",
  ],
  [
    "posts too few inner results",
    onKind("openSegment", (m) => ({ inner: shorter(m.inner) })),
    "wrong-count",
  ],
  [
    "opens a changed input",
    onKind("openOperator", (m) => ({ part: flipByte(m.part) })),
    "wrong-tensor",
  ],
  [
    "opens a changed output",
    onKind("openOperator", (m) => ({ part: flipByte(m.part, m.part.length - 1) })),
    "wrong-tensor",
  ],
  [
    "opens the bytes in another order",
    onKind("openOperator", (m) => ({ part: m.part.slice().reverse() })),
    "wrong-tensor",
  ],
  [
    "opens a short part",
    onKind("openOperator", (m) => ({ part: m.part.slice(1) })),
    "wrong-tensor",
  ],
  [
    "opens a long part",
    onKind("openOperator", (m) => ({ part: Uint8Array.of(...m.part, 0) })),
    "wrong-tensor",
  ],
  ["leaves a needed proof out", onKind("openOperator", () => ({ proofs: [] })), "wrong-count"],
  [
    "proves an input wrongly",
    onKind("openOperator", (m) => ({ proofs: m.proofs.map((p) => p.map(flip)) })),
    "wrong-proof",
  ],
  ["sends as the challenger", (m) => ({ ...m, sender: "challenger" }), "wrong-sender"],
  ["sends for another dispute", (m) => ({ ...m, dispute: flip(m.dispute) }), "wrong-dispute"],
  ["sends for the next position", (m) => ({ ...m, sequence: m.sequence + 1 }), "wrong-sequence"],
  ["sends an extra field", (m) => ({ ...m, extra: 1 }) as never, "malformed"],
  [
    "sends another kind of move",
    (m) => ({ ...m, kind: "select", child: 0, hashes: undefined }) as never,
    "malformed",
  ],
];

const ANSWERS: readonly MoveKind[] = ["hashes", "openBoundaries", "openSegment", "openOperator"];

describe("an asserter that", () => {
  test("answers truly from a corrupted run is convicted", async () => {
    const record = await play(corrupted, (honestly) => honestly);
    expect(record.outcome).toMatchObject({
      kind: "refuted",
      evidence: { fault: "wrong-operator", operator: { index: CORRUPT, name: "/h5/Add" } },
    });
  });

  test.each(REFUSED)("%s is refused", async (_name, tamper, code) => {
    expectDefault(await play(corrupted, (honestly) => tampering(honestly, tamper)), code);
  });

  test.each(ANSWERS)("stops answering at %s defaults", async (kind) => {
    const record = await play(corrupted, (honestly) => tampering(honestly, silentOn(kind)));
    expectDefault(record, undefined);
    expect(record.outcome).toMatchObject({ expected: [kind] });
  });

  test.each(ANSWERS)("answers %s after its time defaults", async (kind) => {
    const late = await play(corrupted, (honestly, clock) =>
      lateOn(honestly, kind, clock, clockRules.perSide + 1),
    );
    expectDefault(late, "late");
    const last = await play(corrupted, (honestly, clock) =>
      lateOn(honestly, kind, clock, clockRules.perSide),
    );
    expect(last.outcome.kind).toBe("refuted");
  });

  test("replays another run's answers is refused", async () => {
    const record = await play(corrupted, () => new HonestAsserter(rules, honest.provider));
    expectDefault(record, "wrong-hashes");
  });

  test("claims other inner results than it has cannot open them", async () => {
    const swap = onKind("openSegment", (m) => ({ inner: [...m.inner].reverse() }));
    expectDefault(await play(corrupted, (honestly) => tampering(honestly, swap)), "wrong-tensor");
  });

  test("tries once more after a refusal goes on", async () => {
    let tries = 0;
    const clumsy: Tamper = (move) => (tries++ === 0 ? { ...move, sequence: 99 } : move);
    const record = await play(corrupted, (honestly) => tampering(honestly, clumsy));
    expect(record.transcript.map((entry) => entry.refusal?.code)).toContain("wrong-sequence");
    expect(record.outcome.kind).toBe("refuted");
  });
});

describe("an asserter that published", () => {
  test("two equal-shaped tensors swapped is convicted or cannot open them", async () => {
    for (const segment of plan.segments.keys()) {
      const live = plan.segments[segment]?.live ?? [];
      for (let i = 1; i < live.length; i++) {
        const run = runOf(small, {
          publish: ({ boundaries }) => {
            const at = boundaries[segment] ?? [];
            at.push(...at.splice(i - 1, 1));
          },
        });
        const { outcome } = await play(run, (honestly) => honestly);
        expect(
          outcome.kind === "refuted" ||
            (outcome.kind === "defaulted" && outcome.side === "asserter"),
        ).toBe(true);
      }
    }
  });

  test.each(["dtype", "dims"] as const)(
    "the same bytes under another %s cannot open them",
    async (what) => {
      const value = plan.segments[0]?.live[0] as number;
      const tensor = honest.tensors[value];
      if (!tensor) throw new Error("the fixture has no live value");
      expect(DTYPES[tensor.dtype].size).toBe(DTYPES.i32.size);
      const other =
        what === "dtype"
          ? { ...tensor, dtype: "i32" as const }
          : { ...tensor, dims: [...tensor.dims].reverse() };
      const run = runOf(small, {
        publish: ({ boundaries }) => boundaries[0]?.splice(0, 1, commitTensor(hasher, other)),
      });
      expectDefault(await play(run, (honestly) => honestly), "wrong-tensor");
    },
  );
});
