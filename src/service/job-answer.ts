import { AssayError, byteLength, bytesEqual, type Tensor } from "../../operators/index.js";
import type { Plan, PlanOutput, PlanValue } from "../graph/plan.js";
import type { Ledger } from "../ledger/port.js";
import type { Hasher } from "../merkle/hash.js";
import { indexedRoot } from "../merkle/indexed-root.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { fromHex } from "../receipt/hex.js";
import { parseReceiptBytes, type SignedReceipt } from "../receipt/receipt.js";
import type { Id, Job, RevealedClaim } from "../settlement/state.js";
import { standingEntries } from "../settlement/step.js";

/** What a job was for: outputs that a receipt which stands commits to. */
export interface Answer {
  readonly executor: Id;
  readonly signed: SignedReceipt;
  /** In graph order. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/**
 * Fetches the outputs of a job from its ledger and checks them against the receipt of an executor that
 * stands. All who stand say the same, so the first whose bytes are there and fit will do. Throws
 * `run/incomplete` where nobody's do.
 */
export async function fetchAnswer(
  ledger: Ledger,
  hasher: Hasher,
  job: Job,
  plan: Plan,
): Promise<Answer> {
  const size = outputTypes(plan).reduce((sum, { type }) => sum + byteLength(type), 0);
  for (const { executor, claim } of standingEntries(job)) {
    if (!claim) continue;
    const bytes = await bytesOf(ledger, claim, size);
    const signed = signedOf(claim);
    const outputs = bytes && outputsIn(bytes, plan);
    if (outputs && fits(hasher, outputs, signed)) return { executor, signed, outputs };
  }
  throw new AssayError("run/incomplete", "no executor left the outputs that its receipt is about", {
    hint: "the receipt stands all the same: whoever has the inputs can compute them again",
    facts: { job: job.id },
  });
}

/** Bytes that cannot be had, or are others than asked for, are another executor's chance. */
async function bytesOf(
  ledger: Ledger,
  { outputs }: RevealedClaim,
  size: number,
): Promise<Uint8Array | undefined> {
  try {
    const bytes = await ledger.download(outputs, size);
    return bytes?.length === size ? bytes : undefined;
  } catch (error) {
    if (error instanceof AssayError && error.code.startsWith("blob/")) return undefined;
    throw error;
  }
}

export function signedOf({ receipt, signature }: RevealedClaim): SignedReceipt {
  return { receipt: parseReceiptBytes(fromHex(receipt)), signature: fromHex(signature) };
}

function outputTypes(plan: Plan): { readonly name: string; readonly type: PlanValue }[] {
  return plan.outputs.map(({ name, value }: PlanOutput) => {
    return { name, type: plan.values[value] as PlanValue };
  });
}

function outputsIn(bytes: Uint8Array, plan: Plan): Map<string, Tensor> {
  const outputs = new Map<string, Tensor>();
  let at = 0;
  for (const { name, type } of outputTypes(plan)) {
    const { dtype, dims } = type;
    const end = at + byteLength(type);
    outputs.set(name, { dtype, dims, bytes: bytes.slice(at, end) });
    at = end;
  }
  return outputs;
}

function fits(
  hasher: Hasher,
  outputs: ReadonlyMap<string, Tensor>,
  { receipt }: SignedReceipt,
): boolean {
  const commitments = [...outputs.values()].map((t) => commitTensor(hasher, t));
  return bytesEqual(indexedRoot(hasher, "outputs", commitments), receipt.outputs);
}
