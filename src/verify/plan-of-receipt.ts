import { bytesEqual, type Tensor } from "../../operators/basis.js";
import { planFor } from "../execute/run-model.js";
import { bindingDigest } from "../graph/digests.js";
import type { Plan } from "../graph/plan.js";
import type { Skeleton } from "../graph/types.js";
import type { Hasher } from "../merkle/hash.js";
import type { Receipt } from "../receipt/receipt.js";

/**
 * The plan that a receipt is about, derived from the model and the inputs. A receipt does not say
 * its granularity in clear: the binding digest tells which it is. Where neither fits, the plan by
 * layer, whose binding then differs from the receipt's.
 */
export function planOfReceipt(
  hasher: Hasher,
  model: Skeleton,
  inputs: ReadonlyMap<string, Tensor>,
  receipt: Pick<Receipt, "binding">,
): Plan {
  const isBound = (plan: Plan): boolean => bytesEqual(bindingDigest(hasher, plan), receipt.binding);
  const layer = planFor(model, inputs, "layer");
  if (isBound(layer)) return layer;
  const operator = planFor(model, inputs, "operator");
  return isBound(operator) ? operator : layer;
}
