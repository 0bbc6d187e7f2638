/** Headers of a message that is longer than most: the digest that is signed, and the signature. */
export const LONG_MESSAGE_HEADERS = {
  digest: "assay-digest",
  signature: "assay-signature",
} as const;

/** An account's signed note about bytes that it uploads: see src/ledger/upload.ts. */
export const NOTE_HEADERS = { note: "assay-note", signature: "assay-signature" } as const;
