import { bytesEqual, type Tensor } from "../../operators/basis.js";
import type { ModelDigest } from "../graph/digests.js";
import type { Model } from "../graph/types.js";
import { nodeHasher } from "../merkle/node-hash.js";
import type { SignedReceipt } from "../receipt/receipt.js";
import type { Evidence } from "../verify/check.js";
import type { OpenedRun } from "../verify/open-run.js";
import { planOfReceipt } from "../verify/plan-of-receipt.js";
import { loadInputs } from "./inputs.js";

/**
 * What follows from having the model. One that the receipt is not about gives no plan: its inputs
 * may have other names and shapes, and what is wrong is the model, not them.
 */
export function evidenceOfModel(
  files: readonly string[],
  signed: SignedReceipt,
  run: OpenedRun | undefined,
  model: Model,
  digest: ModelDigest,
): Pick<Evidence, "model" | "plan" | "inputs"> {
  if (!bytesEqual(digest.model, signed.receipt.model)) return { model: digest };
  const inputs = files.length > 0 ? loadInputs(model.graph, files) : run?.inputs;
  if (!inputs) return { model: digest };
  const plan = planOfReceipt(nodeHasher, model, inputs, signed.receipt);
  const ordered = plan.inputs.map((v) => inputs.get(v.name) as Tensor);
  return { model: digest, plan, inputs: ordered };
}
