import { type FileHandle, open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AssayError } from "../../operators/index.js";
import { reasonOf } from "../files/disk.js";
import type { RuleBook } from "../settlement/rule-book.js";
import type { LedgerState } from "../settlement/state.js";
import { replayed } from "./embedded.js";
import { DiskFile, JOURNAL_FILES } from "./file-storage.js";
import { headerProblem, LOG_HEADER, LOG_START } from "./journal-format.js";
import { inspectLog, type TornTail } from "./journal-open.js";
import { scanRecords } from "./journal-scan.js";
import type { StoredFile } from "./journal-storage.js";
import { requireUnlocked } from "./lock.js";

/** What a ledger's folder was found to hold. */
export interface LedgerAudit {
  /** What the events up to the first problem amount to; undefined where there is none. */
  readonly state: LedgerState | undefined;
  /** The first thing that is not as it was written, or cannot have been accepted. */
  readonly problem: AssayError | undefined;
  /** What a crash left behind the last whole record: no problem, opening cuts it off. */
  readonly tail: TornTail | null;
}

/**
 * Reads the ledger in a folder without changing a byte of it: checks the chain of records against what
 * was acknowledged, and replays every event. Throws `ledger/locked` while a process has it open, and
 * `file/not-found` where there is none.
 */
export async function auditLedgerFolder(path: string, book: RuleBook): Promise<LedgerAudit> {
  const folder = resolve(path);
  const handles: FileHandle[] = [];
  try {
    for (const name of Object.values(JOURNAL_FILES)) handles.push(await forReading(folder, name));
    requireUnlocked(folder);
    const [log, head] = handles.map((handle) => new DiskFile(handle)) as [DiskFile, DiskFile];
    return await audit(log, head, book);
  } finally {
    for (const handle of handles) await handle.close();
  }
}

async function forReading(folder: string, name: string): Promise<FileHandle> {
  try {
    return await open(join(folder, name), "r");
  } catch (cause) {
    const message = `there is no ledger in ${folder}: cannot read ${name}: ${reasonOf(cause)}`;
    throw new AssayError("file/not-found", message, { facts: { folder, file: name }, cause });
  }
}

/** Replayed as far as records go, so that a damaged end does not hide what came before it. */
async function audit(log: StoredFile, head: StoredFile, book: RuleBook): Promise<LedgerAudit> {
  const found = await corruption(() => inspectLog(book.hasher, { log, head, ...UNUSED }));
  let state: LedgerState | undefined;
  const problem = await corruption(async () => {
    for await (const { number, bytes } of wholeRecords(log, book)) {
      state = replayed(book, state, number, bytes);
    }
  });
  const first = problem instanceof AssayError ? problem : found;
  const tail = found instanceof AssayError ? null : found.tail;
  return { state, problem: first instanceof AssayError ? first : undefined, tail };
}

const UNUSED = { syncFolder: async () => {}, close: async () => {} };

async function* wholeRecords(log: StoredFile, { hasher }: RuleBook) {
  const header = new Uint8Array(LOG_HEADER.length);
  const got = await log.read(header, 0);
  if (headerProblem(header.subarray(0, got))) return;
  yield* scanRecords(hasher, log, LOG_START, await log.size());
}

async function corruption<T>(work: () => Promise<T>): Promise<T | AssayError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AssayError && error.code === "ledger/corrupt") return error;
    throw error;
  }
}
