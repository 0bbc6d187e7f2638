import { AssayError, bytesEqual } from "../../operators/index.js";
import type { Hasher } from "../merkle/hash.js";
import { DIGEST_TAGS, taggedDigest } from "../merkle/tags.js";
import { fromHex, toHex } from "../receipt/hex.js";
import { recoverAddress, signDigest } from "../receipt/sign.js";
import { free, held, lock, stake } from "../settlement/money.js";
import { address, digest, integer, oneOf, record } from "../settlement/shape.js";
import type { Id, LedgerState } from "../settlement/state.js";
import { bondKey } from "../settlement/step.js";
import type { Upload, UploadNote } from "./port.js";

/** Largest blob, in bytes. */
export const MAX_BLOB = 256 << 20;

const NOTE = record({
  ledger: digest,
  sender: address,
  kind: oneOf(["upload"]),
  blob: digest,
  size: integer(0, MAX_BLOB),
});

/** H(3b ‖ 01 ‖ text): the tag of messages; no message is of kind upload. */
function noteDigest(hasher: Hasher, text: string): Uint8Array {
  return taggedDigest(hasher, DIGEST_TAGS.ledgerMessage, new TextEncoder().encode(text));
}

/** Signs for bytes to be kept. */
export function signUpload(
  hasher: Hasher,
  ledger: string,
  sender: string,
  bytes: Uint8Array,
  key: Uint8Array,
): Upload {
  const blob = toHex(hasher.hash(bytes));
  const note: UploadNote = { ledger, sender, kind: "upload", blob, size: bytes.length };
  const text = JSON.stringify(note);
  return { text, signature: toHex(signDigest(noteDigest(hasher, text), key)), bytes };
}

/**
 * Reads and checks what came with bytes: form, ledger, signature, and that the account has money here,
 * without which anybody could fill the disk. Throws `ledger/quota`.
 */
export function readUpload(
  hasher: Hasher,
  state: LedgerState,
  { text, signature }: Pick<Upload, "text" | "signature">,
): UploadNote {
  const note = parsed(text);
  if (note.ledger !== state.id) throw refused("it is meant for another ledger");
  const signer = recoverAddress(noteDigest(hasher, text), fromHex(signature));
  if (!bytesEqual(signer, fromHex(note.sender))) throw refused("the signature is not the sender's");
  if (hasMoney(state, note.sender)) return note;
  throw refused("the account has nothing on this ledger");
}

/** An executor may have all that it staked in the bonds of jobs whose outputs it has yet to bring. */
function hasMoney({ money, openJobs }: LedgerState, account: Id): boolean {
  if (held(money, free(account)) + held(money, stake(account)) > 0) return true;
  return openJobs.some((job) => held(money, lock(bondKey(account, job))) > 0);
}

function parsed(text: string): UploadNote {
  try {
    const value: unknown = JSON.parse(text);
    if (JSON.stringify(value) === text) return NOTE.read(value, "note");
  } catch (cause) {
    throw refused(cause instanceof Error ? cause.message : "it has no form", cause);
  }
  throw refused("its text is not canonical");
}

function refused(what: string, cause?: unknown): AssayError {
  return new AssayError("ledger/quota", `the upload is refused: ${what}`, { cause });
}
