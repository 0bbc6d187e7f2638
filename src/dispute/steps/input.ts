import { commitKnown } from "../../graph/digests.js";
import type { PlanInput } from "../../graph/plan.js";
import type { KnownValue } from "../../graph/values.js";
import { verifyIndexed } from "../../merkle/indexed-root.js";
import { toHex } from "../../receipt/hex.js";
import { proved, readDigest, readProof } from "../reading.js";
import { nameTensor } from "../values.js";
import type { Step } from "./step.js";

/** A steering input must be committed with the value that the plan was bound with. */
export const openInput: Step<"openInput", "openInput"> = ({ rules, claim }, phase, move) => {
  const { input } = phase;
  const { hasher, plan } = rules;
  const commitment = readDigest(move.commitment, "the commitment");
  const siblings = readProof(move.proof, "the proof");
  const root = readDigest(claim.inputs, "the inputs root");
  proved("wrong-proof", () =>
    verifyIndexed(hasher, "inputs", root, plan.inputs.length, input, commitment, siblings),
  );
  const declared = plan.inputs[input] as PlanInput;
  const correct = toHex(commitKnown(hasher, declared.steering as KnownValue));
  const claimed = toHex(commitment);
  if (claimed === correct) {
    return {
      phase: { name: "ended", outcome: { kind: "not-refuted", checked: { what: "input", input } } },
    };
  }
  const tensor = nameTensor(plan, declared.value);
  const evidence = { fault: "steering-input-differs", input, tensor, claimed, correct } as const;
  return { phase: { name: "ended", outcome: { kind: "refuted", evidence } } };
};
