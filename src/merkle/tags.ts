import { ByteWriter } from "../../operators/basis.js";
import type { Digest, Hasher } from "./hash.js";

/**
 * First bytes of everything that is hashed. RFC 6962 takes 00 and 01; everything else starts with a
 * tag of its own, so that no two kinds of object can ever share a preimage.
 */
export const TREE_TAGS = { leaf: 0x00, node: 0x01 } as const;

/** First byte of a leaf body (the byte after RFC 6962's 00). */
export const LEAF_TAGS = {
  tensorTile: 0x10,
  segment: 0x11,
  input: 0x12,
  output: 0x13,
  weight: 0x14,
  planNode: 0x15,
  planHeader: 0x16,
  slice: 0x17,
} as const;

/** First byte of the message that wraps a Merkle root with its version and leaf count. */
export const ROOT_TAGS = {
  tensor: 0x20,
  trace: 0x21,
  inputs: 0x22,
  outputs: 0x23,
  weights: 0x24,
  plan: 0x25,
  slices: 0x26,
} as const;

/** First byte of a message that is hashed as a whole. */
export const DIGEST_TAGS = {
  graph: 0x30,
  model: 0x31,
  binding: 0x32,
  profile: 0x33,
  program: 0x34,
  generation: 0x35,
  salt: 0x36,
  saltedRoot: 0x37,
  /** What executors who must not copy each other publish first: over a receipt digest and a nonce. */
  sealedReceipt: 0x38,
  /** What tells one dispute from all others: over a receipt digest and a nonce. */
  dispute: 0x39,
  /** Chains the records of a ledger's log. */
  logRecord: 0x3a,
  /** What an account signs: over the text of its message. */
  ledgerMessage: 0x3b,
  /** What a ledger was founded with. */
  ledger: 0x3c,
  /** What two receipts must agree in to say the same. */
  claim: 0x3d,
  /** What a receipt is for: over ledger and job. */
  jobContext: 0x3e,
  /** Seeds drawn from a ledger's beacon. */
  draw: 0x3f,
} as const;

/** Version of the commitment formats, the second byte of every wrapped root and tagged digest. */
export const COMMITMENT_VERSION = 1;

export type RootTag = (typeof ROOT_TAGS)[keyof typeof ROOT_TAGS];
export type DigestTag = (typeof DIGEST_TAGS)[keyof typeof DIGEST_TAGS];

/**
 * H(tag ‖ version ‖ count ‖ root): u8, u8, u64 little endian, 32 bytes. With the count inside, the
 * shape of the tree below a root is fixed, and with it the length of every proof.
 */
export function wrapRoot(hasher: Hasher, tag: RootTag, count: number, root: Digest): Digest {
  const w = new ByteWriter();
  w.u8(tag);
  w.u8(COMMITMENT_VERSION);
  w.i64(count);
  w.raw(root);
  return hasher.hash(w.bytes());
}

/** H(tag ‖ version ‖ body). The body's own format must make it unambiguous. */
export function taggedDigest(hasher: Hasher, tag: DigestTag, body: Uint8Array): Digest {
  const w = new ByteWriter();
  w.u8(tag);
  w.u8(COMMITMENT_VERSION);
  w.raw(body);
  return hasher.hash(w.bytes());
}
