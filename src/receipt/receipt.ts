import { AssayError, bytesEqual, viewOf } from "../../operators/basis.js";
import { DIGEST_SIZE, type Digest, type Hasher } from "../merkle/hash.js";

/** The version that this code reads and writes. */
export const RECEIPT_VERSION = 1;

export const ADDRESS_SIZE = 20;

/** What an executor signs: which model, on which inputs, took which way to which outputs. */
export interface Receipt {
  readonly version: number;
  /** Digest of the numeric contract's normative tables. */
  readonly profile: Digest;
  readonly model: Digest;
  readonly binding: Digest;
  readonly plan: Digest;
  /** Roots of the run; masked where `salt` is not zero. */
  readonly inputs: Digest;
  readonly outputs: Digest;
  readonly segments: number;
  readonly trace: Digest;
  /** What the run was for (ledger, job, nonce), or zero. */
  readonly context: Digest;
  /** How text was made of it (tokenizer, template, sampler, seed, stop reason), or zero. */
  readonly generation: Digest;
  /** Commitment to the salt that masks the roots, or zero. */
  readonly salt: Digest;
  /** Ethereum address of the signing key. */
  readonly executor: Uint8Array;
}

export interface SignedReceipt {
  readonly receipt: Receipt;
  /** r ‖ s ‖ v, 65 bytes. */
  readonly signature: Uint8Array;
}

export type ReceiptField = keyof Receipt;

/** How a field is written: bytes as they are, integers little endian. */
export interface FieldLayout {
  readonly name: ReceiptField;
  readonly kind: "bytes" | "integer";
  readonly size: number;
}

/** The fields after the magic, in order. Their sizes never vary, so the bytes need no lengths. */
export const RECEIPT_LAYOUT: readonly FieldLayout[] = [
  { name: "version", kind: "integer", size: 2 },
  { name: "profile", kind: "bytes", size: DIGEST_SIZE },
  { name: "model", kind: "bytes", size: DIGEST_SIZE },
  { name: "binding", kind: "bytes", size: DIGEST_SIZE },
  { name: "plan", kind: "bytes", size: DIGEST_SIZE },
  { name: "inputs", kind: "bytes", size: DIGEST_SIZE },
  { name: "outputs", kind: "bytes", size: DIGEST_SIZE },
  { name: "segments", kind: "integer", size: 8 },
  { name: "trace", kind: "bytes", size: DIGEST_SIZE },
  { name: "context", kind: "bytes", size: DIGEST_SIZE },
  { name: "generation", kind: "bytes", size: DIGEST_SIZE },
  { name: "salt", kind: "bytes", size: DIGEST_SIZE },
  { name: "executor", kind: "bytes", size: ADDRESS_SIZE },
];

/** "assay.receipt" and a zero: a signature on a receipt can be a signature on nothing else. */
const MAGIC = Uint8Array.from("assay.receipt\0", (c) => c.charCodeAt(0));

export const RECEIPT_BYTES = MAGIC.length + RECEIPT_LAYOUT.reduce((sum, f) => sum + f.size, 0);

type Optional = "version" | "context" | "generation" | "salt";

/** A receipt with what is left out set to zero. Throws `receipt/malformed` for a wrong field. */
export function makeReceipt(
  fields: Omit<Receipt, Optional> & Partial<Omit<Receipt, "version">>,
): Receipt {
  const receipt = {
    version: RECEIPT_VERSION,
    context: new Uint8Array(DIGEST_SIZE),
    generation: new Uint8Array(DIGEST_SIZE),
    salt: new Uint8Array(DIGEST_SIZE),
    ...fields,
  };
  requireFields(receipt);
  return receipt;
}

/** The unsigned fixed-width bytes. Throws `receipt/malformed` for a wrong field. */
export function receiptBytes(receipt: Receipt): Uint8Array {
  requireFields(receipt);
  const out = new Uint8Array(RECEIPT_BYTES);
  const view = viewOf(out);
  out.set(MAGIC);
  let at = MAGIC.length;
  for (const field of RECEIPT_LAYOUT) {
    const value = receipt[field.name];
    if (typeof value !== "number") out.set(value, at);
    else if (field.size === 2) view.setUint16(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += field.size;
  }
  return out;
}

/** The receipt with these bytes: the inverse of `receiptBytes`, and as strict. */
export function parseReceiptBytes(bytes: Uint8Array): Receipt {
  if (bytes.length !== RECEIPT_BYTES) {
    throw malformed("bytes", `is ${bytes.length} bytes long, not ${RECEIPT_BYTES}`);
  }
  if (!bytesEqual(bytes.subarray(0, MAGIC.length), MAGIC)) {
    throw malformed("bytes", "does not begin with assay.receipt");
  }
  const view = viewOf(bytes);
  const fields: Partial<Record<ReceiptField, number | Uint8Array>> = {};
  let at = MAGIC.length;
  for (const { name, kind, size } of RECEIPT_LAYOUT) {
    if (kind === "bytes") fields[name] = new Uint8Array(bytes.subarray(at, at + size));
    else if (size === 2) fields[name] = view.getUint16(at, true);
    else fields[name] = Number(view.getBigUint64(at, true));
    at += size;
  }
  const receipt = fields as unknown as Receipt;
  requireFields(receipt);
  return receipt;
}

/** SHA-256 of the unsigned bytes: what is signed, and what the receipt is known by. */
export function receiptDigest(hasher: Hasher, receipt: Receipt): Digest {
  return hasher.hash(receiptBytes(receipt));
}

/** Whether an optional field is absent: all zero. */
export function isAbsent(field: Uint8Array): boolean {
  return field.every((b) => b === 0);
}

export function malformed(field: string, what: string, cause?: unknown): AssayError {
  return new AssayError("receipt/malformed", `receipt: ${field} ${what}`, {
    facts: { field },
    cause,
  });
}

function requireFields(receipt: Receipt): void {
  for (const { name, kind, size } of RECEIPT_LAYOUT) {
    const value: unknown = receipt[name];
    if (kind === "bytes") {
      if (!(value instanceof Uint8Array) || value.length !== size) {
        throw malformed(name, `is not ${size} bytes`);
      }
    } else if (!Number.isSafeInteger(value)) {
      throw malformed(name, "is not an integer below 2^53");
    }
  }
  if (receipt.version !== RECEIPT_VERSION) {
    throw malformed("version", `is ${receipt.version}; this reads version ${RECEIPT_VERSION}`);
  }
  if (receipt.segments < 1) throw malformed("segments", "is not at least 1");
}
