import { byteLength } from "../../../operators/index.js";
import type { PlanNode, PlanValue } from "../../graph/plan.js";
import { concat } from "../../merkle/hash.js";
import { commitTensor } from "../../merkle/tensor-tree.js";
import { fromHex, toHex } from "../../receipt/hex.js";
import { judgeOperator } from "../judge.js";
import { type Hex, OPERATOR_PART } from "../moves.js";
import { OpenedTensors } from "../opened.js";
import { readBytes, readList, readProof } from "../reading.js";
import { demand } from "../refusals.js";
import type { PhaseOf } from "../state.js";
import { committedResults, openedValues, originOf, planTensor, provedValues } from "../values.js";
import { verifySource } from "./source.js";
import type { Step, StepContext } from "./step.js";

/**
 * The asserter shows what an operator read and gave, byte for byte. Where each commitment stands is
 * resolved from the plan: the boundary before, the same segment, the inputs, the weights. Once the
 * last part is there the referee computes that operator once more, and nothing else.
 */
export const openOperator: Step<"openOperator", "openOperator"> = (context, phase, move) => {
  const { plan } = context.rules;
  const values = openedValues(plan, plan.nodes[phase.node] as PlanNode);
  const lengths = values.map((value) => byteLength(plan.values[value] as PlanValue));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const before = fromHex(phase.shown);
  const part = readBytes(move.part, "the part");
  const due = Math.min(OPERATOR_PART, total - before.length);
  demand(part.length === due, "wrong-tensor", `this part has ${due} bytes`);
  const shown = concat(before, part);
  if (shown.length < total) {
    readList(move.proofs, 0, "proofs");
    return { phase: { ...phase, shown: toHex(shown) } };
  }
  const opened = openTensors(context, phase, cut(shown, values, lengths), move.proofs);
  return { phase: { name: "ended", outcome: judgeOperator(context, phase, opened) } };
};

interface Shown {
  readonly value: number;
  readonly bytes: Uint8Array;
}

function cut(all: Uint8Array, values: readonly number[], lengths: readonly number[]): Shown[] {
  let at = 0;
  return values.map((value, i) => {
    const bytes = all.slice(at, at + (lengths[i] as number));
    at += bytes.length;
    return { value, bytes };
  });
}

function openTensors(
  context: StepContext,
  phase: PhaseOf<"openOperator">,
  shown: readonly Shown[],
  given: unknown,
): OpenedTensors {
  const { plan } = context.rules;
  const proved = provedValues(
    plan,
    shown.map((s) => s.value),
  );
  const proofs = readList(given, proved.length, "proofs");
  const opened = new OpenedTensors(plan);
  const committed = committedResults(plan, phase);
  const proofOf = new Map(proved.map((value, i) => [value, proofs[i]]));
  for (const { value, bytes } of shown) {
    verifyTensorOf(context, committed, value, bytes, proofOf.get(value));
    opened.add(value, bytes);
  }
  return opened;
}

function verifyTensorOf(
  context: StepContext,
  committedTo: (value: number) => Hex,
  value: number,
  bytes: Uint8Array,
  proof: unknown,
): void {
  const { plan, hasher } = context.rules;
  const commitment = commitTensor(hasher, planTensor(plan, value, bytes));
  if (originOf(plan, value).kind === "node") {
    const committed = committedTo(value);
    const { name } = plan.values[value] as PlanValue;
    demand(toHex(commitment) === committed, "wrong-tensor", `"${name}" is ${committed}`);
  } else {
    verifySource(context, value, commitment, readProof(proof, `the proof of value ${value}`));
  }
}
