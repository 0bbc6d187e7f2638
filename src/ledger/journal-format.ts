import { AssayError, bytesEqual } from "../../operators/index.js";
import { concat, DIGEST_SIZE, type Digest, type Hasher } from "../merkle/hash.js";
import { DIGEST_TAGS, taggedDigest } from "../merkle/tags.js";

/**
 * The bytes of `events.log`: a header, then for every record its length (u32, little endian), its
 * bytes and a chain hash over all that came before. docs/ledger-log.md is the format's definition.
 */
export const LOG_VERSION = 1;

/** "assay.log", six zero bytes, the version. */
export const LOG_HEADER: Uint8Array = concat(
  new TextEncoder().encode("assay.log"),
  new Uint8Array(6),
  Uint8Array.of(LOG_VERSION),
);

/** Longest record: 16 MiB. */
export const MAX_RECORD = 1 << 24;

export const LENGTH_SIZE = 4;
/** What a record takes beside its own bytes. */
export const RECORD_OVERHEAD = LENGTH_SIZE + DIGEST_SIZE;

/** The digest before the first record. */
export const CHAIN_START: Digest = new Uint8Array(DIGEST_SIZE);

/** H(tag ‖ version ‖ chain hash before ‖ record). */
export function chainHash(hasher: Hasher, before: Digest, record: Uint8Array): Digest {
  return taggedDigest(hasher, DIGEST_TAGS.logRecord, concat(before, record));
}

/** Where a log stands after a record: how many there are, where the next one begins, the chain. */
export interface LogPosition {
  readonly count: number;
  /** Bytes of the log up to here, header included. */
  readonly length: number;
  readonly chain: Digest;
}

export const LOG_START: LogPosition = {
  count: 0,
  length: LOG_HEADER.length,
  chain: CHAIN_START,
};

export interface Framed {
  readonly bytes: Uint8Array;
  /** Where each record ends; the last one is the new position. */
  readonly ends: readonly LogPosition[];
}

/** Records as they stand in the log behind `from`. Throws `ledger/write` for one that is too long. */
export function frameRecords(
  hasher: Hasher,
  from: LogPosition,
  records: readonly Uint8Array[],
): Framed {
  records.forEach(requireRecordSize);
  const size = records.reduce((sum, r) => sum + r.length + RECORD_OVERHEAD, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const ends: LogPosition[] = [];
  let { count, chain } = from;
  let at = 0;
  for (const record of records) {
    chain = chainHash(hasher, chain, record);
    view.setUint32(at, record.length, true);
    bytes.set(record, at + LENGTH_SIZE);
    bytes.set(chain, at + LENGTH_SIZE + record.length);
    at += record.length + RECORD_OVERHEAD;
    count += 1;
    ends.push({ count, length: from.length + at, chain });
  }
  return { bytes, ends };
}

function requireRecordSize(record: Uint8Array): void {
  if (record.length <= MAX_RECORD) return;
  throw new AssayError(
    "ledger/write",
    `a record has at most ${MAX_RECORD} bytes, this one ${record.length}`,
    { hint: "nothing of this batch was written", facts: { bytes: record.length } },
  );
}

/** What is wrong with the first bytes of a log, or undefined. */
export function headerProblem(header: Uint8Array): string | undefined {
  if (bytesEqual(header, LOG_HEADER)) return undefined;
  if (header.length < LOG_HEADER.length) return "the log ends within its header";
  const known = bytesEqual(header.subarray(0, -1), LOG_HEADER.subarray(0, -1));
  return known
    ? `the log has version ${header[LOG_HEADER.length - 1]}, this reads ${LOG_VERSION}`
    : "the file does not begin like a log";
}
