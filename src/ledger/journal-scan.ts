import { bytesEqual } from "../../operators/index.js";
import { DIGEST_SIZE, type Hasher } from "../merkle/hash.js";
import {
  chainHash,
  LENGTH_SIZE,
  type LogPosition,
  MAX_RECORD,
  RECORD_OVERHEAD,
} from "./journal-format.js";
import { ForwardReader, type StoredFile } from "./journal-storage.js";

/** One record of a log. */
export interface LogRecord {
  /** 0 for the first. */
  readonly number: number;
  /** A copy of its own. */
  readonly bytes: Uint8Array;
  /** Chain hash up to and with this record. */
  readonly chain: Uint8Array;
}

/** A record that is not there whole: why not. */
export interface BrokenRecord {
  readonly problem: string;
}

/** The records from a position on, up to the first that is broken or to offset `end`. */
export async function* scanRecords(
  hasher: Hasher,
  file: StoredFile,
  from: LogPosition,
  end: number,
): AsyncGenerator<LogRecord, BrokenRecord | undefined> {
  const reader = new ForwardReader(file, from.length, end);
  let { count, chain } = from;
  while (reader.left > 0) {
    const whole = reader.left;
    const head = await reader.take(LENGTH_SIZE);
    if (head.length < LENGTH_SIZE) return { problem: `${whole} bytes are too few for a record` };
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
    const problem = lengthProblem(length, whole);
    if (problem) return { problem };
    const rest = await reader.take(length + DIGEST_SIZE);
    if (rest.length < length + DIGEST_SIZE) return { problem: "the file ends within it" };
    const bytes = rest.slice(0, length);
    chain = chainHash(hasher, chain, bytes);
    if (!bytesEqual(chain, rest.subarray(length))) return { problem: "its chain hash is another" };
    yield { number: count++, bytes, chain };
  }
  return undefined;
}

/** Before anything of that length is read. */
function lengthProblem(length: number, left: number): string | undefined {
  if (length > MAX_RECORD) return `it claims ${length} bytes, of at most ${MAX_RECORD}`;
  if (length + RECORD_OVERHEAD <= left) return undefined;
  return `it claims ${length} bytes, and ${left} are left for it with its frame`;
}

/** Where the log stands behind a record that begins at `position`. */
export function behind(position: LogPosition, record: LogRecord): LogPosition {
  return {
    count: record.number + 1,
    length: position.length + record.bytes.length + RECORD_OVERHEAD,
    chain: record.chain,
  };
}
