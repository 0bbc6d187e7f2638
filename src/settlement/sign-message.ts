import type { Hasher } from "../merkle/hash.js";
import { toHex } from "../receipt/hex.js";
import { signDigest } from "../receipt/sign.js";
import { type Message, messageDigest, messageText } from "./messages.js";

/** A message as it goes to a ledger. */
export interface SignedMessage {
  readonly text: string;
  readonly signature: string;
}

/** Signs with a secp256k1 key; deterministic. */
export function signMessage(hasher: Hasher, message: Message, key: Uint8Array): SignedMessage {
  const text = messageText(message);
  return { text, signature: toHex(signDigest(messageDigest(hasher, text), key)) };
}
