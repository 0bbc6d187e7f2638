import { AssayError } from "../../operators/index.js";
import { DIGEST_SIZE, type Digest } from "../merkle/hash.js";
import { parseHex } from "../receipt/hex.js";
import { MOVE_FIELDS, type Move, type MoveKind } from "./moves.js";
import { demand, MoveRefused, type RefusalCode } from "./refusals.js";

/** The strict reading of a move: it may come from anywhere, so its types promise nothing. */

const ENVELOPE = ["dispute", "sequence", "sender", "kind"];
const SENDERS: readonly unknown[] = ["asserter", "challenger", "anyone"];

/** Refuses everything that is not one of the kinds of move with exactly its fields. */
export function readEnvelope(move: unknown): asserts move is Move {
  demand(typeof move === "object" && move !== null, "malformed", "a move is an object");
  const given = move as Record<string, unknown>;
  const kind = given.kind;
  demand(typeof kind === "string" && Object.hasOwn(MOVE_FIELDS, kind), "malformed", "its kind");
  readFields(given, [...ENVELOPE, ...MOVE_FIELDS[kind as MoveKind]], kind);
  demand(typeof given.dispute === "string", "malformed", "the dispute's id");
  demand(Number.isSafeInteger(given.sequence), "malformed", "the sequence number");
  demand(SENDERS.includes(given.sender), "malformed", "the sender");
}

/** Exactly these fields, no more and no less. */
export function readFields(value: unknown, fields: readonly string[], what: string): void {
  demand(typeof value === "object" && value !== null, "malformed", `${what} is an object`);
  const given = Object.keys(value);
  const exact = given.length === fields.length && fields.every((f) => Object.hasOwn(value, f));
  demand(exact, "malformed", `${what} has the fields ${fields.join(", ")}`);
}

export function readDigest(hex: unknown, what: string): Digest {
  const digest = typeof hex === "string" ? parseHex(hex, DIGEST_SIZE) : undefined;
  demand(digest !== undefined, "malformed", `${what} is not 32 bytes in lower-case hex`);
  return digest;
}

export function readDigests(list: unknown, count: number, what: string): Digest[] {
  return readList(list, count, what).map((hex, i) => readDigest(hex, `${what} ${i}`));
}

/** A Merkle proof; its length is checked against the tree where it is used. */
export function readProof(list: unknown, what: string): Digest[] {
  demand(Array.isArray(list) && list.length <= 64, "malformed", `${what} is a list of siblings`);
  return list.map((hex, i) => readDigest(hex, `${what}, sibling ${i}`));
}

export function readList(list: unknown, count: number, what: string): unknown[] {
  demand(Array.isArray(list), "malformed", `${what} is a list`);
  demand(list.length === count, "wrong-count", `${what}: ${count} expected, got ${list.length}`);
  return list;
}

/** An integer in [first, end). */
export function readIndex(value: unknown, first: number, end: number, what: string): number {
  demand(
    typeof value === "number" && Number.isSafeInteger(value),
    "malformed",
    `${what} is a number`,
  );
  demand(
    value >= first && value < end,
    "wrong-index",
    `${what} ${value} is not in [${first}, ${end})`,
  );
  return value;
}

/** Shared memory is refused: its owner could change it between the check of a hash and its use. */
export function readBytes(value: unknown, what: string): Uint8Array {
  demand(value instanceof Uint8Array, "malformed", `${what} is not bytes`);
  demand(value.buffer instanceof ArrayBuffer, "malformed", `${what} lies in shared memory`);
  return value;
}

/** Runs a check of the commitment formats and turns its `proof/invalid` into a refusal. */
export function proved<T>(code: RefusalCode, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof AssayError && error.code === "proof/invalid") {
      throw new MoveRefused(code, error.message);
    }
    throw error;
  }
}
