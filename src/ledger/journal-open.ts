import { AssayError, bytesEqual } from "../../operators/index.js";
import type { Hasher } from "../merkle/hash.js";
import { headerProblem, LOG_HEADER, LOG_START, type LogPosition } from "./journal-format.js";
import { decodeHead, encodeHead, type Head, SLOT_SIZE, slotOffset } from "./journal-head.js";
import { behind, scanRecords } from "./journal-scan.js";
import type { JournalStorage, StoredFile } from "./journal-storage.js";

/** What a crash left behind the last whole record. It was never acknowledged. */
export interface TornTail {
  readonly kind: "torn";
  /** Bytes that were cut off. */
  readonly bytes: number;
  /** Records before it. */
  readonly after: number;
  /** Why they are no record. */
  readonly problem: string;
}

/** What a log was found to hold. Nothing has been changed yet. */
export interface Found {
  /** The newest statement of what was acknowledged; undefined for a log that was never finished. */
  readonly head: Head | undefined;
  /** Whether the other slot holds an older statement. */
  readonly spare: boolean;
  /** Behind the last whole record. */
  readonly position: LogPosition;
  /** Where each record begins, and at last where the next one will. */
  readonly offsets: number[];
  readonly tail: TornTail | null;
}

/**
 * Reads the whole log and checks it against what was acknowledged, without writing anything.
 * Throws `ledger/corrupt` where an acknowledged record is not there as it was written.
 */
export async function inspectLog(hasher: Hasher, storage: JournalStorage): Promise<Found> {
  const size = await storage.log.size();
  const [head, older] = await readHeads(hasher, storage.head);
  const spare = older !== undefined;
  if (!head) {
    await requireUnused(storage, size);
    return { head, spare, position: LOG_START, offsets: [LOG_START.length], tail: null };
  }
  await requireHeader(storage.log);
  return { head, spare, ...(await checkRecords(hasher, storage.log, head, size)) };
}

async function checkRecords(
  hasher: Hasher,
  log: StoredFile,
  head: Head,
  size: number,
): Promise<Pick<Found, "position" | "offsets" | "tail">> {
  const offsets = [LOG_START.length];
  let position = LOG_START;
  const walk = async (end: number): Promise<string | undefined> => {
    const records = scanRecords(hasher, log, position, end);
    for (;;) {
      const { done, value } = await records.next();
      if (done) return value?.problem;
      position = behind(position, value);
      offsets.push(position.length);
    }
  };
  const problem = await walk(Math.min(size, head.length));
  if (position.count !== head.count || position.length !== head.length) {
    throw corruptRecord(position, head, problem ?? missing(size, head));
  }
  if (!bytesEqual(position.chain, head.chain)) {
    throw corrupt("the head and the log have different chain hashes", { records: head.count });
  }
  const torn = await walk(size);
  const bytes = size - position.length;
  const tail =
    torn === undefined
      ? null
      : ({ kind: "torn", bytes, after: position.count, problem: torn } as const);
  return { position, offsets, tail };
}

function missing(size: number, head: Head): string {
  return size < head.length
    ? "the log ends before it"
    : "the records do not add up to what was acknowledged";
}

/** What the valid slots state, newest first. */
async function readHeads(hasher: Hasher, file: StoredFile): Promise<Head[]> {
  const slots: Head[] = [];
  for (const index of [0, 1]) {
    const bytes = new Uint8Array(SLOT_SIZE);
    const got = await file.read(bytes, slotOffset(index));
    const head = decodeHead(hasher, bytes.subarray(0, got), index);
    if (head) slots.push(head);
  }
  return slots.sort((a, b) => b.sequence - a.sequence);
}

/**
 * Without a head only a log that was never finished being made may be taken over. Its header may be
 * there in part, and its head's first slot.
 */
async function requireUnused({ head }: JournalStorage, logSize: number): Promise<void> {
  const headSize = await head.size();
  if (logSize <= LOG_HEADER.length && headSize <= SLOT_SIZE) return;
  const what = headSize === 0 ? "is missing" : "has no valid slot";
  throw new AssayError("ledger/corrupt", `the log's head ${what}, so what it held is not known`, {
    hint: "restore the files log and head together from one copy; assay ledger check says what the log holds",
    facts: { file: "head", headBytes: headSize, logBytes: logSize },
  });
}

async function requireHeader(log: StoredFile): Promise<void> {
  const header = new Uint8Array(LOG_HEADER.length);
  const got = await log.read(header, 0);
  const problem = headerProblem(header.subarray(0, got));
  if (problem) throw corrupt(`the log's header is damaged: ${problem}`, { part: "header" });
}

function corruptRecord(at: LogPosition, head: Head, problem: string): AssayError {
  return corrupt(`record ${at.count} at byte ${at.length} of the log is damaged: ${problem}`, {
    record: at.count,
    offset: at.length,
    problem,
    acknowledged: head.count,
  });
}

function corrupt(message: string, facts: Record<string, unknown>): AssayError {
  return new AssayError("ledger/corrupt", message, { facts });
}

/** Makes a new log: its header and names are kept before its first head says so. */
async function createLog(hasher: Hasher, storage: JournalStorage): Promise<Head> {
  await storage.log.truncate(0);
  await storage.log.write(LOG_HEADER, 0);
  await storage.log.sync();
  await storage.syncFolder();
  return writeHead(hasher, storage.head, { sequence: 0, ...LOG_START });
}

/**
 * Brings the files to what was found: cuts the torn tail off and acknowledges every whole record.
 * What was read may stand in the system's memory alone, where a process died before its sync or a sync
 * failed, and a sync now would not write it. So whole records behind the head are written once more, and
 * so is the head's own slot before the other one is. Crashing at any point of this loses nothing.
 */
export async function recover(
  hasher: Hasher,
  storage: JournalStorage,
  found: Found,
): Promise<Head> {
  const { head, spare, position, tail } = found;
  if (!head) return createLog(hasher, storage);
  // Its slot was synced before the other one was ever begun, and before the first record was: where
  // there is no spare it is the only statement, and is not put at risk.
  const unused = position.count === 0 && tail === null;
  const safe = spare || unused;
  // What a dead process left unsynced of the spare slot must not be torn together with this one.
  await storage.head.sync();
  if (safe) await writeHead(hasher, storage.head, head);
  if (tail) await storage.log.truncate(position.length);
  await rewrite(storage.log, head.length, position.length);
  await storage.log.sync();
  if (safe && position.count === head.count) return head;
  return writeHead(hasher, storage.head, { ...position, sequence: head.sequence + 1 });
}

/** A megabyte at a time. */
const PIECE = 1 << 20;

async function rewrite(file: StoredFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += PIECE) {
    const piece = new Uint8Array(Math.min(PIECE, to - at));
    await file.read(piece, at);
    await file.write(piece, at);
  }
}

/** Writes and keeps a statement; yields it. */
export async function writeHead(hasher: Hasher, file: StoredFile, head: Head): Promise<Head> {
  await file.write(encodeHead(hasher, head), slotOffset(head.sequence));
  await file.sync();
  return head;
}
