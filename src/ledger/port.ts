import type { LedgerRefusal } from "../settlement/refusals.js";
import type { SignedMessage } from "../settlement/sign-message.js";
import type { Id, LedgerState } from "../settlement/state.js";

/**
 * What executors, watchers and requesters know of a ledger: its state, a way to say something, a way
 * to wait, and a place for tensors that are too large to be said. One in this process and one behind
 * HTTP look the same.
 */
export interface Ledger {
  /** What all accepted events amount to. */
  readonly state: LedgerState;
  /** The ledger's time, in milliseconds: the latest that its next event may carry. */
  now(): number;
  /**
   * Resolves once the message is accepted and durable, or refused, and `state` knows of it. Throws
   * `ledger/unreachable` or `ledger/write` where neither is known; saying the same again then does no harm.
   */
  submit(message: SignedMessage): Promise<Submitted>;
  /** Resolves once there are more than `count` events. Rejects with the signal's reason. */
  changed(count: number, signal: AbortSignal): Promise<void>;
  /** Keeps bytes under their SHA-256, for the account that signs for them. Throws `ledger/quota`. */
  upload(upload: Upload): Promise<void>;
  /** The bytes kept under a digest, or undefined. Whoever asks checks nothing: it is done here. */
  download(blob: Id, atMost: number): Promise<Uint8Array | undefined>;
}

export type Submitted =
  /** Number of the event that it became. */
  { readonly event: number } | { readonly refusal: LedgerRefusal };

/** Bytes with the signature of the account on whose quota they go: see `uploadText`. */
export interface Upload extends SignedMessage {
  readonly bytes: Uint8Array;
}

/**
 * What an account signs to have bytes kept: canonical JSON of ledger, sender, kind, digest and size.
 * Saying it again keeps the same bytes, so it needs no sequence number.
 */
export interface UploadNote {
  readonly ledger: Id;
  readonly sender: Id;
  readonly kind: "upload";
  readonly blob: Id;
  readonly size: number;
}
