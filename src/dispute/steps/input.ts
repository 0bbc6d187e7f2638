import { commitKnown } from "../../graph/digests.js";
import { indexedRoot } from "../../merkle/indexed-root.js";
import { toHex } from "../../receipt/hex.js";
import { readDigests } from "../reading.js";
import { demand } from "../refusals.js";
import { nameTensor } from "../values.js";
import type { Step } from "./step.js";

/** Every steering input must be committed with the value that the plan was bound with. */
export const openInputs: Step<"openInputs", "openInputs"> = ({ rules, claim }, _phase, move) => {
  const { hasher, plan } = rules;
  const commitments = readDigests(move.commitments, plan.inputs.length, "the commitments");
  const root = toHex(indexedRoot(hasher, "inputs", commitments));
  demand(root === claim.inputs, "wrong-proof", "the commitments make another inputs root");
  for (const [input, { steering, value }] of plan.inputs.entries()) {
    if (steering === undefined) continue;
    const correct = toHex(commitKnown(hasher, steering));
    const claimed = move.commitments[input] as string;
    if (claimed === correct) continue;
    const tensor = nameTensor(plan, value);
    const evidence = { fault: "steering-input-differs", input, tensor, claimed, correct } as const;
    return { phase: { name: "ended", outcome: { kind: "refuted", evidence } } };
  }
  const outcome = { kind: "not-refuted", checked: { what: "inputs" } } as const;
  return { phase: { name: "ended", outcome } };
};
