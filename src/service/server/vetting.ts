import { bytesEqual } from "../../../operators/index.js";
import type { Submitted } from "../../ledger/port.js";
import { fromHex } from "../../receipt/hex.js";
import { recoverAddress } from "../../receipt/sign.js";
import { type Message, messageDigest, readMessage } from "../../settlement/messages.js";
import { LEDGER_REFUSALS, Refused } from "../../settlement/refusals.js";
import type { SignedMessage } from "../../settlement/sign-message.js";
import type { Service } from "./context.js";

/**
 * Hands a message to the ledger. A job's inputs are read and hashed before its transition looks at
 * who sends it, so that is looked at here first; and an account has one such message under way.
 */
export async function vet(service: Service, signed: SignedMessage): Promise<Submitted> {
  const { ledger, gates } = service;
  if (!signed.text.includes('"kind":"post"')) return ledger.submit(signed);
  const message = read(signed.text);
  // What is not a post is refused or applied without reading anything.
  if (message?.kind !== "post") return ledger.submit(signed);
  const refusal = problemOf(service, message, signed);
  if (refusal) return { refusal: { code: refusal, message: LEDGER_REFUSALS[refusal] } };
  const leave = gates.posts.enter(message.sender);
  return ledger.submit(signed).finally(leave);
}

function read(text: string): Message | undefined {
  try {
    return readMessage(text);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

function problemOf(
  { ledger }: Service,
  { ledger: id, sender, sequence, fee }: Message<"post">,
  { text, signature }: SignedMessage,
): "wrong-ledger" | "wrong-sequence" | "wrong-signature" | "unfunded" | undefined {
  const { state, hasher } = ledger;
  if (id !== state.id) return "wrong-ledger";
  if (sequence < (state.sequences.get(sender) ?? 0)) return "wrong-sequence";
  if (!isSigner(messageDigest(hasher, text), signature, sender)) return "wrong-signature";
  const least = Math.max(fee, state.parameters.fees.job);
  return (state.money.free.get(sender) ?? 0) < least ? "unfunded" : undefined;
}

function isSigner(digest: Uint8Array, signature: string, address: string): boolean {
  try {
    return bytesEqual(recoverAddress(digest, fromHex(signature)), fromHex(address));
  } catch {
    return false;
  }
}
