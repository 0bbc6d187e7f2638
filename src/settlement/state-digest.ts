import type { Hasher } from "../merkle/hash.js";
import { toHex } from "../receipt/hex.js";
import { BucketMap } from "./bucket-map.js";
import type { LedgerState } from "./state.js";

/**
 * SHA-256 of a state as JSON, for comparing two implementations or two followers: no white space, the
 * keys of every object sorted, maps as objects, bytes in hex.
 */
export function stateDigest(hasher: Hasher, state: LedgerState): string {
  return toHex(hasher.hash(new TextEncoder().encode(stateText(state))));
}

export function stateText(state: LedgerState): string {
  return JSON.stringify(state, (_, value: unknown) => plain(value));
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof BucketMap) return sorted([...value.entries()]);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return sorted(Object.entries(value));
}

function sorted(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
