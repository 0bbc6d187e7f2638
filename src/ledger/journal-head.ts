import { ByteWriter, bytesEqual } from "../../operators/index.js";
import { DIGEST_SIZE, type Hasher } from "../merkle/hash.js";
import { LOG_HEADER, type LogPosition } from "./journal-format.js";

/**
 * The file `head` says what has been acknowledged. It has two slots that are written in turn, so that
 * a write that is torn hits the older of the two statements and never the newer.
 */
export interface Head extends LogPosition {
  /** Number of this statement; its parity is its slot. */
  readonly sequence: number;
}

const MAGIC = new TextEncoder().encode("assay.log.head\0\u0001");
const BODY = MAGIC.length + 3 * 8 + DIGEST_SIZE;
export const SLOT_SIZE = BODY + DIGEST_SIZE;

/** Slots are a page apart: a device that tears a write tears within the page. */
export const SLOT_STRIDE = 4096;

export function slotOffset(sequence: number): number {
  return (sequence % 2) * SLOT_STRIDE;
}

/** Magic and version, sequence, count, length (u64 each), chain hash; SHA-256 of these bytes. */
export function encodeHead(hasher: Hasher, head: Head): Uint8Array {
  const w = new ByteWriter();
  w.raw(MAGIC);
  w.i64(head.sequence);
  w.i64(head.count);
  w.i64(head.length);
  w.raw(head.chain);
  w.raw(hasher.hash(w.bytes()));
  return w.bytes();
}

/** The statement in one slot's bytes, or undefined where they hold none. */
export function decodeHead(hasher: Hasher, slot: Uint8Array, index: number): Head | undefined {
  if (slot.length !== SLOT_SIZE) return undefined;
  if (!bytesEqual(slot.subarray(0, MAGIC.length), MAGIC)) return undefined;
  if (!bytesEqual(hasher.hash(slot.subarray(0, BODY)), slot.subarray(BODY))) return undefined;
  const view = new DataView(slot.buffer, slot.byteOffset);
  const [sequence, count, length] = [0, 8, 16].map((at) =>
    Number(view.getBigUint64(MAGIC.length + at, true)),
  ) as [number, number, number];
  if (![sequence, count, length].every(Number.isSafeInteger)) return undefined;
  if (sequence % 2 !== index || length < LOG_HEADER.length) return undefined;
  return { sequence, count, length, chain: slot.slice(BODY - DIGEST_SIZE, BODY) };
}
