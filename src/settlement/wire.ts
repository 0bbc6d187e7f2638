import type { Move } from "../dispute/moves.js";
import { fromHex, toHex } from "../receipt/hex.js";

/**
 * Moves as JSON. Hashes and numbers are what they are; tensors and leaf bodies, which are bytes in a
 * move, are hex. These fields hold bytes, wherever they stand:
 */
const BYTES: ReadonlySet<string> = new Set(["body", "bytes", "part", "words"]);

/** Deep enough for every field of every move; what is deeper is left as it is, and refused later. */
const DEPTH = 8;

export function moveToJson(move: Move): Record<string, unknown> {
  return toJson(move) as Record<string, unknown>;
}

function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toJson(part)]));
}

/** The move in a JSON value, as far as it is one: the referee reads it strictly. */
export function moveFromJson(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || depth > DEPTH) return value;
  if (Array.isArray(value)) return value.map((part) => moveFromJson(part, depth + 1));
  const entries = Object.entries(value).map(([key, part]) => {
    const isBytes = BYTES.has(key) && typeof part === "string" && /^0x([0-9a-f]{2})*$/.test(part);
    return [key, isBytes ? fromHex(part) : moveFromJson(part, depth + 1)];
  });
  return Object.fromEntries(entries);
}
