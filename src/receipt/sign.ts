import { secp256k1 } from "@noble/curves/secp256k1.js";
import { AssayError, bytesEqual } from "../../operators/basis.js";
import { concat, type Digest, type Hasher } from "../merkle/hash.js";
import { toHex } from "./hex.js";
import { addressOf, addressOfPoint, requireKey } from "./key.js";
import { type Receipt, receiptDigest, type SignedReceipt } from "./receipt.js";

export const SIGNATURE_SIZE = 65;

/**
 * v is the parity of R's y, plus 27: what Ethereum's ecrecover takes. The two other recovery ids
 * (R's x above the group order, one in 2^127) do not exist there and are refused here.
 */
const V_BASE = 27;

const ORDER = secp256k1.Point.Fn.ORDER;
const HALF_ORDER = ORDER / 2n;

/**
 * Signs a digest as it is, without another hash or prefix: RFC 6979 nonce, low s, r ‖ s ‖ v.
 * The same key and digest always give the same 65 bytes.
 */
export function signDigest(digest: Digest, key: Uint8Array): Uint8Array {
  requireKey(key);
  const made = secp256k1.sign(digest, key, { prehash: false, lowS: true, format: "recovered" });
  const recovery = made[0] as number;
  if (recovery > 1)
    throw new AssayError("receipt/signature", "no signature of this digest has a v");
  return concat(made.subarray(1), Uint8Array.of(V_BASE + recovery));
}

/**
 * The address whose key signed the digest. Throws `receipt/signature` unless the signature is 65
 * bytes, 0 < r < n, 0 < s ≤ n/2, v is 27 or 28, and R is on the curve: so there is one signature
 * per nonce, and nobody can make a second out of it.
 */
export function recoverAddress(digest: Digest, signature: Uint8Array): Uint8Array {
  const recovery = checkedRecovery(signature);
  const recovered = concat(Uint8Array.of(recovery), signature.subarray(0, 64));
  try {
    const point = secp256k1.recoverPublicKey(recovered, digest, { prehash: false });
    return addressOfPoint(secp256k1.Point.fromBytes(point).toBytes(false));
  } catch (cause) {
    throw refused("belongs to no key", cause);
  }
}

function checkedRecovery(signature: Uint8Array): number {
  if (signature.length !== SIGNATURE_SIZE) throw refused(`has ${signature.length} bytes, not 65`);
  const r = integerOf(signature.subarray(0, 32));
  const s = integerOf(signature.subarray(32, 64));
  const v = signature[64] as number;
  if (r === 0n || r >= ORDER) throw refused("has an r outside [1, n)");
  if (s === 0n || s >= ORDER) throw refused("has an s outside [1, n)");
  if (s > HALF_ORDER) throw refused("has a high s");
  if (v !== V_BASE && v !== V_BASE + 1) throw refused(`has v = ${v}, not 27 or 28`);
  return v - V_BASE;
}

function integerOf(bigEndian: Uint8Array): bigint {
  return BigInt(toHex(bigEndian));
}

/** Signs a receipt. Throws `key/invalid` where the key is not that of its executor. */
export function signReceipt(hasher: Hasher, receipt: Receipt, key: Uint8Array): SignedReceipt {
  const address = addressOf(key);
  if (!bytesEqual(address, receipt.executor)) {
    throw new AssayError("key/invalid", "the key is not that of the receipt's executor", {
      facts: { executor: toHex(receipt.executor), key: toHex(address) },
    });
  }
  return { receipt, signature: signDigest(receiptDigest(hasher, receipt), key) };
}

/**
 * Checks that the executor named in a receipt signed it. Throws `receipt/signature` otherwise, and
 * `receipt/malformed` for a field that is not in the format.
 */
export function verifyReceipt(hasher: Hasher, { receipt, signature }: SignedReceipt): void {
  const signer = recoverAddress(receiptDigest(hasher, receipt), signature);
  if (!bytesEqual(signer, receipt.executor)) {
    throw new AssayError("receipt/signature", "the signature is not the executor's", {
      facts: { executor: toHex(receipt.executor), signer: toHex(signer) },
      hint: "The receipt was changed after it was signed, or signed by someone else.",
    });
  }
}

function refused(what: string, cause?: unknown): AssayError {
  return new AssayError("receipt/signature", `the signature ${what}`, { cause });
}
