import { sha256 } from "@noble/hashes/sha2.js";
import type { TensorGeometry } from "./geometry.js";

/** A 32-byte SHA-256 value. */
export type Digest = Uint8Array;

export const DIGEST_SIZE = 32;

/**
 * The one thing the trees ask of a machine: SHA-256. It is always a parameter, so that the same code
 * runs on node:crypto, in a browser, or on a batch hasher, and a test can call each directly.
 */
export interface Hasher {
  readonly name: string;
  hash(message: Uint8Array): Digest;
  /** Writes the digest to `out[at, at + 32)`; `out` must not overlap the message. */
  hashInto(message: Uint8Array, out: Uint8Array, at: number): void;
  /** Many messages in one call, where there is native code for it; the digests are the same. */
  readonly batch?: BatchHasher | undefined;
}

export interface BatchHasher {
  /** Writes H(first ‖ second ‖ tile) of all tiles of a tensor's bytes, one after the other. */
  tiles(
    geometry: TensorGeometry,
    bytes: Uint8Array,
    prefix: readonly [first: number, second: number],
    out: Uint8Array,
  ): void;
  /** H(head ‖ root) of a whole tensor at once, or undefined where it is not for this hasher. */
  commit(geometry: TensorGeometry, bytes: Uint8Array, head: Uint8Array): Digest | undefined;
  /**
   * Writes the level above `width` digests: H(prefix ‖ left ‖ right), a lone last one unchanged. `to`
   * may be `from`.
   */
  level(from: Uint8Array, width: number, prefix: number, to: Uint8Array): void;
  /** Whether there is a NaN among f32, where that is found out faster than by a loop here. */
  hasNaN?(bytes: Uint8Array): boolean;
}

/** SHA-256 in plain TypeScript (`@noble/hashes`): works anywhere, about a seventh of native speed. */
export const nobleHasher: Hasher = {
  name: "noble",
  hash: (message) => sha256(message),
  hashInto(message, out, at) {
    out.set(sha256(message), at);
  },
};

/** SHA-256 of the parts in order, as if they were one message. */
export function hashParts(hasher: Hasher, ...parts: readonly Uint8Array[]): Digest {
  return hasher.hash(concat(...parts));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
