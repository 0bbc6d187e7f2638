import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { AssayError } from "../../operators/basis.js";
import { ADDRESS_SIZE } from "./receipt.js";

/** Bytes of randomness a key is made from: 16 more than it has, so that no key is likelier. */
export const KEY_ENTROPY = 48;

/** A secp256k1 secret key from `KEY_ENTROPY` random bytes. The caller brings the randomness. */
export function keyFromEntropy(entropy: Uint8Array): Uint8Array {
  if (entropy.length !== KEY_ENTROPY) {
    throw new AssayError("key/invalid", `a key is made from ${KEY_ENTROPY} random bytes`);
  }
  return secp256k1.utils.randomSecretKey(entropy);
}

/**
 * The key in a key file: 64 hex digits, with or without "0x" before and one line break after.
 * Throws `key/invalid`, and never repeats what the file holds.
 */
export function parseKey(text: string): Uint8Array {
  const match = /^(?:0x)?([0-9a-fA-F]{64})(?:\r?\n)?$/.exec(text);
  if (match === null) throw invalidKey("is not 64 hex digits");
  const digits = match[1] as string;
  const key = Uint8Array.from({ length: 32 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
  requireKey(key);
  return key;
}

/** Ethereum address of a secret key: the last 20 bytes of Keccak-256 of the public point. */
export function addressOf(key: Uint8Array): Uint8Array {
  requireKey(key);
  return addressOfPoint(secp256k1.getPublicKey(key, false));
}

/** Address of an uncompressed public key: 04 ‖ x ‖ y. */
export function addressOfPoint(point: Uint8Array): Uint8Array {
  return keccak_256(point.subarray(1)).slice(-ADDRESS_SIZE);
}

export function requireKey(key: Uint8Array): void {
  if (!secp256k1.utils.isValidSecretKey(key)) {
    throw invalidKey("is not between 1 and the order of secp256k1");
  }
}

function invalidKey(what: string): AssayError {
  return new AssayError("key/invalid", `the key ${what}`, {
    hint: "A key file holds one secp256k1 secret key as 64 hex digits; without one a key is made.",
  });
}
