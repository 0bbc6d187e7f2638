import { byteLength, bytesEqual, firstNonCanonical } from "../../operators/index.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { fromHex } from "../receipt/hex.js";
import { type JobInput, type Message, readMessage } from "../settlement/messages.js";
import { LEDGER_REFUSALS, type LedgerRefusal, Refused } from "../settlement/refusals.js";
import type { RuleBook } from "../settlement/rule-book.js";
import type { Blobs } from "./named-blobs.js";

export interface Admission {
  readonly book: RuleBook;
  readonly blobs: Blobs;
}

/**
 * What a ledger checks once, before it takes a message into its log, because it needs more than the
 * state: that the inputs of a job are there, are those committed to, and are canonical. Executors answer
 * with their bonds for running it.
 */
export async function admit(
  admission: Admission,
  text: string,
): Promise<LedgerRefusal | undefined> {
  if (!text.includes('"kind":"post"')) return undefined;
  let message: Message;
  try {
    message = readMessage(text);
  } catch (error) {
    // The transition refuses it in its own words.
    if (error instanceof Refused) return undefined;
    throw error;
  }
  if (message.kind !== "post") return undefined;
  for (const input of message.inputs) {
    const refusal = await admitInput(admission, input);
    if (refusal) return refusal;
  }
  return undefined;
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
