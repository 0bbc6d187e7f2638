import { describe, expect, test } from "vitest";
import { f32Tensor, i64Tensor, type Tensor } from "../../operators/index.js";
import { hashesBelow } from "../../src/dispute/descend.js";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import type { MoveKind } from "../../src/dispute/moves.js";
import { playDispute, virtualClock } from "../../src/dispute/play.js";
import type { RefusalCode } from "../../src/dispute/refusals.js";
import { rootPosition } from "../../src/merkle/shape.js";
import { tensorCommitment, tensorTree } from "../../src/merkle/tensor-tree.js";
import { buildTree } from "../../src/merkle/tree.js";
import { toHex } from "../../src/receipt/hex.js";
import { TINY_BUDGET } from "./zoo/budgets.js";
import { checkedReferee } from "./zoo/invariants.js";
import { flipByte, onKind, silentOn, type Tamper, tampering } from "./zoo/parties.js";
import { hasher, type Run, rulesOf, runOf } from "./zoo/run.js";
import { noise, oneNode, type Toy } from "./zoo/toy.js";

/** Faulty asserters inside an operator: each is convicted, or refused by name until its time is over. */
const matrix = (dims: readonly number[], seed: number): Tensor =>
  f32Tensor(
    dims,
    noise(
      dims.reduce((n, d) => n * d, 1),
      seed,
    ),
  );

const boolTensor = (dims: readonly number[], bits: readonly boolean[]): Tensor => ({
  dtype: "bool",
  dims,
  bytes: Uint8Array.from(bits, Number),
});

const PRODUCT = oneNode("MatMul", 13, [matrix([20, 40], 1), matrix([40, 20], 2)], [], ["f32"]);
const ELEMENT = 77;

interface Played {
  readonly toy?: Toy;
  readonly shared?: boolean;
  readonly tamper?: Tamper;
}

async function play(claim: Run, { toy = PRODUCT, shared = false, tamper = (m) => m }: Played = {}) {
  const rules = rulesOf(toy, { budget: TINY_BUDGET });
  const honest = runOf(toy);
  const record = await playDispute({
    rules,
    receipt: claim.receipt,
    nonce: new Uint8Array(32),
    asserter: tampering(new HonestAsserter(rules, claim.provider), tamper),
    challenger: new HonestChallenger(rules, honest.provider, shared ? claim.provider : undefined),
    clock: virtualClock(),
    referee: checkedReferee,
  });
  if ("refusal" in record) throw new Error(record.refusal.message);
  return record;
}

const wrongAt = (toy: Toy, element: number, bytes?: readonly number[]): Run =>
  runOf(toy, { corrupt: [{ node: 0, element, ...(bytes ? { bytes } : {}) }] });

const wrong = wrongAt(PRODUCT, ELEMENT);

describe.each([false, true])("an asserter is convicted (data at hand: %s) that", (shared) => {
  test("is wrong in one element, by its last stretch", async () => {
    const { outcome } = await play(wrong, { shared });
    expect(outcome).toMatchObject({
      kind: "refuted",
      evidence: {
        fault: "wrong-stretch",
        element: { index: ELEMENT, coordinates: [3, 17] },
        steps: { from: 36, to: 40, of: 40 },
        what: "element",
      },
    });
  });

  test("posts wrong states of the right length", async () => {
    const tamper = onKind("openPartials", (m) => ({ words: flipByte(m.words, 1) }));
    const path: Tamper = (move, state) =>
      move.kind === "openPath"
        ? {
            ...move,
            answers: move.answers.map((a) =>
              a.kind === "openPartials" ? { ...a, words: flipByte(a.words, 1) } : a,
            ),
          }
        : tamper(move, state);
    const { outcome } = await play(wrong, { shared, tamper: path });
    expect(outcome).toMatchObject({
      kind: "refuted",
      evidence: { fault: "wrong-stretch", what: "state", element: { index: ELEMENT } },
    });
  });

  test.each([
    ["a NaN with another payload", [1, 0, 0xc0, 0x7f], "non-canonical", "0x7fc00001"],
    ["another NaN, in its one form", [0, 0, 0xc0, 0x7f], "wrong-stretch", "0x7fc00000"],
    ["an infinity", [0, 0, 0x80, 0x7f], "wrong-stretch", "0x7f800000"],
  ])("claims %s", async (_, bytes, fault, claimed) => {
    const { outcome } = await play(wrongAt(PRODUCT, ELEMENT, bytes), { shared });
    expect(outcome).toMatchObject({ kind: "refuted", evidence: { fault, claimed } });
  });

  test("says −0 where it is +0", async () => {
    const toy = oneNode("Relu", 14, [f32Tensor([4], [-1, 2, -3, 4])], [], ["f32"]);
    const { outcome } = await play(wrongAt(toy, 2, [0, 0, 0, 0x80]), { toy, shared });
    expect(outcome).toMatchObject({
      evidence: { fault: "wrong-stretch", claimed: "0x80000000", correct: "0x00000000" },
    });
  });

  test("sets spare bits of a bool", async () => {
    const bits = Array.from({ length: 40 }, (_, i) => i % 3 === 0);
    const toy = oneNode("Not", 1, [boolTensor([40], bits)], [], ["bool"]);
    const { outcome } = await play(wrongAt(toy, 7, [3]), { toy, shared });
    expect(outcome).toMatchObject({ evidence: { fault: "non-canonical", claimed: "0x03" } });
  });

  test("lies where a convolution reads its padding", async () => {
    const pads = { kind: "ints", value: [1n, 1n, 1n, 1n] } as const;
    const x = [matrix([1, 3, 8, 8], 3), matrix([4, 3, 3, 3], 4)];
    const toy = oneNode("Conv", 11, x, [["pads", pads]], ["f32"]);
    for (const element of [0, 7, 63, 64]) {
      const { outcome } = await play(wrongAt(toy, element), { toy, shared });
      expect(outcome).toMatchObject({
        evidence: { fault: "wrong-stretch", element: { index: element } },
      });
    }
  });

  test("lies where an index is out of range", async () => {
    const x = [matrix([5, 30], 5), i64Tensor([3], [1, 99, -2])];
    const toy = oneNode("Gather", 13, x, [], ["f32"]);
    const { outcome } = await play(wrongAt(toy, 31), { toy, shared });
    expect(outcome).toMatchObject({
      evidence: { fault: "wrong-stretch", element: { coordinates: [1, 1] } },
    });
  });

  test("tells two challengers different things", async () => {
    for (const at of [1, 5]) {
      const tamper = onKind("openPartials", (m) => ({ words: flipByte(m.words, at) }));
      expect((await play(wrong, { shared, tamper })).outcome).toMatchObject({ kind: "refuted" });
    }
  });
});

test("a result without elements has one commitment", async () => {
  const toy = oneNode("Relu", 14, [f32Tensor([0, 5], [])], [], ["f32"]);
  const lie = runOf(toy, {
    publish: (p) => {
      p.boundaries = [[new Uint8Array(32).fill(7)]];
      p.outputs = [new Uint8Array(32).fill(7)];
    },
  });
  expect((await play(lie, { toy })).outcome).toMatchObject({
    kind: "refuted",
    evidence: { fault: "wrong-commitment", claimed: toHex(new Uint8Array(32).fill(7)) },
  });
});

test("a random hash in place of a leaf loses by default", async () => {
  const tensor = runOf(PRODUCT).tensors.at(-1) as Tensor;
  const { tree } = tensorTree(hasher, tensor);
  const leaves = (tree.levels[0] as Uint8Array).slice();
  leaves.fill(0x5a, 32, 64);
  const made = buildTree(hasher, leaves);
  const commitment = tensorCommitment(hasher, tensor, made.root);
  const lie = runOf(PRODUCT, {
    publish: (p) => {
      p.boundaries = [[commitment]];
      p.outputs = [commitment];
    },
  });
  const tamper = onKind("hashes", (move, { phase }) => {
    if (phase.name !== "openNode" || phase.place.tree !== "tensor") return move;
    const at = phase.at?.position ?? rootPosition(made.count);
    return { hashes: hashesBelow(made, at).map(toHex) };
  });
  const { outcome, transcript } = await play(lie, { tamper });
  expect(outcome).toEqual({ kind: "defaulted", side: "asserter", expected: ["openTile"] });
  expect(transcript.find((t) => t.refusal)?.refusal?.code).toBe("wrong-tensor");
});

const honestProvider = runOf(PRODUCT).provider;
const REFUSED: readonly (readonly [string, Tamper, RefusalCode])[] = [
  [
    "posts a wrong node",
    onKind("hashes", (m) => ({ hashes: m.hashes.slice().reverse() })),
    "wrong-hashes",
  ],
  ["shows another tile", onKind("openTile", (m) => ({ bytes: flipByte(m.bytes) })), "wrong-tensor"],
  ["shows a short tile", onKind("openTile", (m) => ({ bytes: m.bytes.slice(4) })), "wrong-tensor"],
  [
    "posts too many states",
    onKind("openPartials", (m) => ({ words: Uint8Array.of(...m.words, 0, 0, 0, 0) })),
    "wrong-count",
  ],
  [
    "posts too few states",
    onKind("openPartials", (m) => ({ words: m.words.slice(4) })),
    "wrong-count",
  ],
  [
    "posts a state that is a NaN of another payload",
    onKind("openPartials", (m) => ({
      words: Uint8Array.of(1, 0, 0xc0, 0x7f, ...m.words.slice(4)),
    })),
    "malformed",
  ],
  [
    "shows the element's tile twice",
    onKind("openReads", (m) => ({ claim: m.tiles[0] ?? null })),
    "malformed",
  ],
  ["shows no tiles", onKind("openReads", () => ({ tiles: [] })), "wrong-count"],
  [
    "shows a changed tile",
    onKind("openReads", (m) => ({
      tiles: m.tiles.map((t) => ({ ...t, bytes: flipByte(t.bytes) })),
    })),
    "wrong-proof",
  ],
  [
    "shows a tile of the other tensor",
    onKind("openReads", (m) => ({ tiles: m.tiles.map((t) => ({ ...t, source: 1 - t.source })) })),
    "wrong-tensor",
  ],
  [
    "shows another tile of the tensor",
    onKind("openReads", (m) => ({ tiles: m.tiles.map((t) => ({ ...t, tile: t.tile ^ 1 })) })),
    "wrong-tensor",
  ],
  [
    "shows a tile twice",
    onKind("openReads", (m) => ({ tiles: [...m.tiles, ...m.tiles.slice(0, 1)] })),
    "wrong-count",
  ],
  [
    "shows its tiles in another order",
    onKind("openReads", (m) => ({ tiles: m.tiles.slice(1) })),
    "wrong-count",
  ],
  [
    "sends more than a move may have",
    onKind("openTile", () => ({ bytes: new Uint8Array(9000) })),
    "too-long",
  ],
  [
    "shows a source that is not there",
    onKind("openReads", (m) => ({ tiles: m.tiles.map((t) => ({ ...t, source: 2 })) })),
    "wrong-index",
  ],
];

test.each(REFUSED)("an asserter loses by default that %s", async (_, tamper, code) => {
  const { outcome, transcript } = await play(wrong, { tamper });
  expect(outcome).toMatchObject({ kind: "defaulted", side: "asserter" });
  const refusals = transcript.flatMap((entry) => entry.refusal?.code ?? []);
  expect(new Set(refusals)).toEqual(new Set([code]));
});

test("a lie that is dropped on the way loses by default", async () => {
  const rules = rulesOf(PRODUCT, { budget: TINY_BUDGET });
  const other = new HonestAsserter(rules, honestProvider);
  for (const kind of ["openTile", "hashes", "openReads"] as const) {
    const { outcome } = await play(wrong, {
      // From here on it shows the right run.
      tamper: (move) => move,
    });
    expect(outcome.kind).toBe("refuted");
    const switching = await playDispute({
      rules,
      receipt: wrong.receipt,
      nonce: new Uint8Array(32),
      asserter: {
        respond: async (state) => {
          const move = await new HonestAsserter(rules, wrong.provider).respond(state);
          return move?.kind === kind ? other.respond(state) : move;
        },
      },
      challenger: new HonestChallenger(rules, honestProvider),
      clock: virtualClock(),
      referee: checkedReferee,
    });
    if ("refusal" in switching) throw new Error(switching.refusal.message);
    // Sources are the same in both runs, so what a stretch reads cannot be switched.
    const convicted = kind === "openReads" ? "refuted" : "defaulted";
    expect(switching.outcome.kind).toBe(convicted);
  }
});

const INSIDE: readonly MoveKind[] = ["hashes", "openTile", "openPartials", "openReads"];

test.each(INSIDE)("an asserter loses by default that is silent on %s", async (kind) => {
  const { outcome } = await play(wrong, { tamper: silentOn(kind) });
  expect(outcome).toEqual({ kind: "defaulted", side: "asserter", expected: [kind] });
});

test("useless tiles are refused while some are missing", async () => {
  const toy = oneNode(
    "Concat",
    13,
    [matrix([2, 9], 1), matrix([2, 9], 2)],
    [["axis", { kind: "int", value: 1n }]],
    ["f32"],
  );
  const bad = wrongAt(toy, 3);
  const tamper = onKind("openReads", (m) => ({
    tiles: m.tiles.flatMap((t) => [t, { ...t, source: 1 - t.source }]),
  }));
  const { outcome } = await play(bad, { toy, tamper });
  expect(outcome).toMatchObject({ kind: "defaulted", side: "asserter" });
});
