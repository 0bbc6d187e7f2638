import { describe, expect, it } from "vitest";
import { f32Tensor, InterpreterMachine } from "../../operators/index.js";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import type { Body, Move } from "../../src/dispute/moves.js";
import type { Party } from "../../src/dispute/party.js";
import { playDispute, virtualClock } from "../../src/dispute/play.js";
import { rulesFor } from "../../src/dispute/rules.js";
import { type Run, runModel } from "../../src/execute/run-model.js";
import { modelDigest } from "../../src/graph/digests.js";
import type { Model } from "../../src/graph/types.js";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import { keptRunOf, RunProvider } from "../../src/verify/run-provider.js";
import { int, modelOf } from "../support/graphs.js";

/** As many results as one operator may have, all alive to the end. */
const WIDTH = 1500;
const wide = modelOf({
  inputs: [{ name: "x", dims: [WIDTH] }],
  outputs: Array.from({ length: WIDTH }, (_, i) => `o${i}`),
  nodes: [
    { op: "Relu", inputs: ["x"], outputs: ["r"] },
    {
      op: "Split",
      inputs: ["r"],
      outputs: Array.from({ length: WIDTH }, (_, i) => `o${i}`),
      attributes: { num_outputs: int(WIDTH) },
    },
  ],
});
const x = f32Tensor(
  [WIDTH],
  Array.from({ length: WIDTH }, (_, i) => i + 1),
);

function run(model: Model, corrupted: boolean): Promise<Run> {
  return runModel({
    model,
    digest: modelDigest(hasher, model),
    inputs: new Map([["x", x]]),
    machine: new InterpreterMachine(),
    hasher,
    key: new Uint8Array(32).fill(corrupted ? 2 : 1),
    keepBoundaries: true,
    ...(corrupted ? { corruption: { node: 1, element: 0 } } : {}),
  });
}

async function dispute(changed: (party: Party) => Party) {
  const [right, wrong] = [await run(wide, false), await run(wide, true)];
  const digest = modelDigest(hasher, wide);
  const rules = rulesFor(hasher, digest, wrong.plan);
  const provider = (r: Run) =>
    new RunProvider(keptRunOf(r), wide, digest, hasher, new InterpreterMachine());
  return playDispute({
    rules,
    receipt: wrong.signed.receipt,
    nonce: new Uint8Array(32),
    asserter: changed(new HonestAsserter(rules, provider(wrong))),
    challenger: new HonestChallenger(rules, provider(right)),
    clock: virtualClock(),
  });
}

describe("a referee", () => {
  it("judges an operator with very many results in seconds", async () => {
    const started = performance.now();
    const record = await dispute((party) => party);
    expect(record).toMatchObject({ outcome: { kind: "refuted" } });
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it("takes no bytes that their owner can still change", async () => {
    const shared = (bytes: Uint8Array): Uint8Array => {
      const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
      copy.set(bytes);
      return copy;
    };
    const sharing = (party: Party): Party => ({
      async respond(state): Promise<Move | undefined> {
        const move = await party.respond(state);
        if (move?.kind !== "openOperator") return move;
        const body: Body<"openOperator"> = { ...move, part: shared(move.part) };
        return { ...move, ...body };
      },
    });
    const record = await dispute(sharing);
    if ("refusal" in record) throw new Error(record.refusal.message);
    expect(record.outcome).toMatchObject({ kind: "defaulted", side: "asserter" });
    expect(record.transcript.map((e) => e.refusal?.code)).toContain("malformed");
  });
});
