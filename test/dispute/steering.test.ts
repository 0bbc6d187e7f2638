import { expect, test } from "vitest";
import { f32Tensor, InterpreterMachine, i64Tensor, type Tensor } from "../../operators/index.js";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import { playDispute, virtualClock } from "../../src/dispute/play.js";
import { rulesFor } from "../../src/dispute/rules.js";
import { runModel } from "../../src/execute/run-model.js";
import { modelDigest } from "../../src/graph/digests.js";
import { nobleHasher as hasher } from "../../src/merkle/hash.js";
import { indexedRoot } from "../../src/merkle/indexed-root.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { toHex } from "../../src/receipt/hex.js";
import { keptRunOf, RunProvider } from "../../src/verify/run-provider.js";
import { modelOf } from "../support/graphs.js";

/** Two inputs steer; whichever of them is committed with another value must be found. */
const model = modelOf({
  inputs: [
    { name: "x", dims: [12] },
    { name: "first", dtype: "i64", dims: [2] },
    { name: "second", dtype: "i64", dims: [2] },
  ],
  outputs: ["z"],
  nodes: [
    { op: "Reshape", inputs: ["x", "first"], outputs: ["y"] },
    { op: "Relu", inputs: ["y"], outputs: ["r"] },
    { op: "Reshape", inputs: ["r", "second"], outputs: ["z"] },
  ],
});
const inputs = new Map<string, Tensor>([
  [
    "x",
    f32Tensor(
      [12],
      Array.from({ length: 12 }, (_, i) => i - 5),
    ),
  ],
  ["first", i64Tensor([2], [3, 4])],
  ["second", i64Tensor([2], [6, 2])],
]);

async function verdictOn(lie: number | undefined) {
  const digest = modelDigest(hasher, model);
  const run = await runModel({
    model,
    digest,
    inputs,
    machine: new InterpreterMachine(),
    hasher,
    key: new Uint8Array(32).fill(9),
    keepBoundaries: true,
  });
  const honest = new RunProvider(keptRunOf(run), model, digest, hasher, new InterpreterMachine());
  const other = commitTensor(hasher, i64Tensor([2], [12, 1]));
  const committed = honest.inputs.map((digest, i) => (i === lie ? other : digest));
  const accused = Object.assign(
    new RunProvider(keptRunOf(run), model, digest, hasher, new InterpreterMachine()),
    { inputs: committed },
  );
  const rules = rulesFor(hasher, digest, run.plan);
  const record = await playDispute({
    rules,
    receipt: { ...run.signed.receipt, inputs: indexedRoot(hasher, "inputs", committed) },
    nonce: new Uint8Array(32),
    asserter: new HonestAsserter(rules, accused),
    challenger: new HonestChallenger(rules, honest),
    clock: virtualClock(),
  });
  if ("refusal" in record) throw new Error(record.refusal.message);
  return { outcome: record.outcome, other: toHex(other) };
}

test.each([1, 2])("a lie about steering input %i is found", async (input) => {
  const { outcome, other } = await verdictOn(input);
  expect(outcome).toMatchObject({
    kind: "refuted",
    evidence: { fault: "steering-input-differs", input, claimed: other },
  });
});

test("an honest executor has nothing to fear", async () => {
  const { outcome } = await verdictOn(undefined);
  expect(outcome).toMatchObject({ kind: "defaulted", side: "challenger" });
});
