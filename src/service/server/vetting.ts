import type { Submitted } from "../../ledger/port.js";
import { readMessage } from "../../settlement/messages.js";
import { Refused } from "../../settlement/refusals.js";
import type { SignedMessage } from "../../settlement/sign-message.js";
import type { Service } from "./context.js";

/**
 * Hands a message to the ledger. The inputs of a job are read and hashed, so an account has one such
 * message under way; what the ledger refuses before that, such as a forged one, is gone at once.
 */
export async function vet(
  { ledger, gates }: Pick<Service, "ledger" | "gates">,
  signed: SignedMessage,
): Promise<Submitted> {
  const poster = posterOf(signed.text);
  if (poster === undefined) return ledger.submit(signed);
  const leave = gates.posts.enter(poster);
  return ledger.submit(signed).finally(leave);
}

/** Who posts a job with this message, if that is what it says. */
function posterOf(text: string): string | undefined {
  if (!text.includes('"kind":"post"')) return undefined;
  try {
    const message = readMessage(text);
    return message.kind === "post" ? message.sender : undefined;
  } catch (error) {
    // The ledger refuses it in its own words.
    if (error instanceof Refused) return undefined;
    throw error;
  }
}
