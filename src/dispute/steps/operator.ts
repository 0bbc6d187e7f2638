import { byteLength } from "../../../operators/index.js";
import type { PlanNode, PlanValue } from "../../graph/plan.js";
import { commitTensor } from "../../merkle/tensor-tree.js";
import { toHex } from "../../receipt/hex.js";
import { judgeOperator } from "../judge.js";
import type { Body, Hex } from "../moves.js";
import { OpenedTensors } from "../opened.js";
import { readBytes, readList, readProof } from "../reading.js";
import { demand } from "../refusals.js";
import type { PhaseOf } from "../state.js";
import { committedResults, openedValues, originOf, planTensor, provedValues } from "../values.js";
import { verifySource } from "./source.js";
import type { Step, StepContext } from "./step.js";

/**
 * The asserter shows what an operator read and gave, byte for byte. Where each commitment stands is
 * resolved from the plan: the boundary before, the same segment, the inputs, the weights. Then the
 * referee computes that operator once more, and nothing else.
 */
export const openOperator: Step<"openOperator", "openOperator"> = (context, phase, move) => {
  const opened = openTensors(context, phase, move);
  const outcome = judgeOperator(context, phase, opened);
  return { phase: { name: "ended", outcome } };
};

function openTensors(
  context: StepContext,
  phase: PhaseOf<"openOperator">,
  move: Body<"openOperator">,
): OpenedTensors {
  const { plan } = context.rules;
  const values = openedValues(plan, plan.nodes[phase.node] as PlanNode);
  const proved = provedValues(plan, values);
  const proofs = readList(move.proofs, proved.length, "proofs");
  const given = readList(move.tensors, values.length, "tensors");
  const opened = new OpenedTensors(plan);
  // Lengths first: nothing is hashed before all of it has the size that the plan gives.
  const sized = values.map((value, i) => {
    const bytes = readBytes(given[i], `tensor ${i}`);
    const expected = byteLength(plan.values[value] as PlanValue);
    demand(bytes.length === expected, "wrong-tensor", `tensor ${i} has ${bytes.length} bytes`);
    return { value, bytes };
  });
  const committed = committedResults(plan, phase);
  const proofOf = new Map(proved.map((value, i) => [value, proofs[i]]));
  for (const { value, bytes } of sized) {
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
