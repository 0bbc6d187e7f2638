import { byteLength, bytesEqual, firstNonCanonical } from "../../operators/index.js";
import type { PlanValue } from "../graph/plan.js";
import { indexedRoot } from "../merkle/indexed-root.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { fromHex } from "../receipt/hex.js";
import { parseReceiptBytes } from "../receipt/receipt.js";
import type { JobInput, Message } from "../settlement/messages.js";
import { LEDGER_REFUSALS, type LedgerRefusal } from "../settlement/refusals.js";
import type { RuleBook } from "../settlement/rule-book.js";
import type { LedgerState } from "../settlement/state.js";
import { jobOf, modelOf } from "../settlement/step.js";
import type { Blobs } from "./named-blobs.js";

export interface Admission {
  readonly book: RuleBook;
  readonly blobs: Blobs;
}

/**
 * What a ledger checks once, before it takes a message into its log, because it needs more than the
 * state: that the inputs of a job are there, are those committed to, and are canonical, for executors
 * answer with their bonds for running it; and that the outputs of a revealed receipt are there and are
 * those of its outputs root, for the requester pays for them. `state` is what the message is to meet, and
 * accepts it otherwise.
 */
export async function admit(
  admission: Admission,
  state: LedgerState,
  message: Message,
): Promise<LedgerRefusal | undefined> {
  if (message.kind === "reveal") return admitOutputs(admission, state, message);
  if (message.kind !== "post") return undefined;
  for (const input of message.inputs) {
    const refusal = await admitInput(admission, input);
    if (refusal) return refusal;
  }
  return undefined;
}

async function admitOutputs(
  { book, blobs }: Admission,
  state: LedgerState,
  { job: id, receipt, outputs }: Message<"reveal">,
): Promise<LedgerRefusal | undefined> {
  const job = jobOf(state, id);
  const { plan } = book.rulesOf(modelOf(state, job.model), job, state.parameters);
  const types = plan.outputs.map(({ value }) => plan.values[value] as PlanValue);
  const length = types.reduce((sum, type) => sum + byteLength(type), 0);
  const bytes = await blobs.read(outputs, length);
  if (!bytes) return refusal("missing-blob", "outputs");
  if (bytes.length !== length) return refusal("wrong-blob", "outputs have another length");
  let at = 0;
  const commitments = types.map(({ dtype, dims }) => {
    const from = at;
    at += byteLength({ dtype, dims });
    return commitTensor(book.hasher, { dtype, dims, bytes: bytes.subarray(from, at) });
  });
  const root = indexedRoot(book.hasher, "outputs", commitments);
  const claimed = parseReceiptBytes(fromHex(receipt)).outputs;
  return bytesEqual(root, claimed) ? undefined : refusal("wrong-blob", "outputs");
}

async function admitInput(
  { book, blobs }: Admission,
  { name, dtype, dims, blob, commitment }: JobInput,
): Promise<LedgerRefusal | undefined> {
  const length = byteLength({ dtype, dims });
  const bytes = await blobs.read(blob, length);
  if (!bytes) return refusal("missing-blob", name);
  if (bytes.length !== length) return refusal("wrong-blob", `${name} has another length`);
  if (firstNonCanonical(dtype, bytes) >= 0) {
    return refusal("wrong-blob", `${name} holds a NaN or bool that is not canonical`);
  }
  const own = commitTensor(book.hasher, { dtype, dims, bytes });
  return bytesEqual(own, fromHex(commitment)) ? undefined : refusal("wrong-blob", name);
}

function refusal(code: "missing-blob" | "wrong-blob", detail: string): LedgerRefusal {
  return { code, message: `${LEDGER_REFUSALS[code]}: ${detail}` };
}
