import { AssayError, ByteWriter, bytesEqual } from "../../operators/basis.js";
import type { Digest, Hasher } from "../merkle/hash.js";
import { DIGEST_TAGS, ROOT_TAGS, taggedDigest } from "../merkle/tags.js";

/**
 * A salt hides what can be guessed. Whoever has the model can run a guessed input and compare any
 * root of the run with the receipt, so a salted receipt masks all three: inputs, outputs and trace.
 * It carries a commitment to the salt, so that a verifier without it says "could not check" and
 * not "wrong input".
 */
export const SALT_SIZE = 32;

export type SaltedRoot = "inputs" | "outputs" | "trace";

/** H(tag ‖ version ‖ salt). Safe to publish: the salt has 256 bits that nobody can guess. */
export function saltCommitment(hasher: Hasher, salt: Uint8Array): Digest {
  requireSalt(salt);
  return taggedDigest(hasher, DIGEST_TAGS.salt, salt);
}

/** The root as the receipt states it: H(tag ‖ version ‖ root's tag u8 ‖ salt ‖ root), or the root itself without salt. */
export function maskRoot(
  hasher: Hasher,
  kind: SaltedRoot,
  root: Digest,
  salt: Uint8Array | undefined,
): Digest {
  if (salt === undefined) return root;
  requireSalt(salt);
  const w = new ByteWriter();
  w.u8(ROOT_TAGS[kind]);
  w.raw(salt);
  w.raw(root);
  return taggedDigest(hasher, DIGEST_TAGS.saltedRoot, w.bytes());
}

/** Whether this is the salt that a receipt's `salt` field commits to. */
export function isSaltOf(hasher: Hasher, commitment: Digest, salt: Uint8Array): boolean {
  return salt.length === SALT_SIZE && bytesEqual(saltCommitment(hasher, salt), commitment);
}

function requireSalt(salt: Uint8Array): void {
  if (salt.length !== SALT_SIZE) {
    throw new AssayError("receipt/malformed", `a salt has ${SALT_SIZE} bytes, not ${salt.length}`);
  }
}
