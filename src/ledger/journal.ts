import { AssayError } from "../../operators/index.js";
import { reasonOf } from "../files/disk.js";
import { DIGEST_SIZE, type Digest, type Hasher } from "../merkle/hash.js";
import { nodeHasher } from "../merkle/node-hash.js";
import { CHAIN_START, type Framed, frameRecords, type LogPosition } from "./journal-format.js";
import type { Head } from "./journal-head.js";
import { inspectLog, recover, type TornTail, writeHead } from "./journal-open.js";
import { type LogRecord, scanRecords } from "./journal-scan.js";
import type { JournalStorage } from "./journal-storage.js";

export interface OpenedJournal {
  readonly journal: Journal;
  /** Every record that was found, first to last, read as they are asked for. */
  readonly records: AsyncIterable<LogRecord>;
  /** What a crash had left behind them and was cut off. */
  readonly tail: TornTail | null;
}

/**
 * An append-only, hash-chained log of opaque records, of at most 16 MiB each. What `append` has
 * acknowledged is there after every crash. docs/ledger-log.md states format and promises.
 */
export class Journal {
  /** Where the next batch goes: ahead of `head` while batches are being written. */
  private next: LogPosition;
  private last: Promise<void> = Promise.resolve();
  private failure: AssayError | undefined;
  private closed = false;

  private constructor(
    private readonly storage: JournalStorage,
    private readonly hasher: Hasher,
    private head: Head,
    private readonly offsets: number[],
  ) {
    this.next = head;
  }

  /**
   * Checks every record, acknowledges those that are whole, cuts off a torn tail and names it.
   * Throws `ledger/corrupt` where anything acknowledged is not as it was written, and `ledger/write`
   * where the files cannot be brought up to date. The storage stays the caller's to close then.
   */
  static async open(storage: JournalStorage, hasher: Hasher = nodeHasher): Promise<OpenedJournal> {
    const found = await inspectLog(hasher, storage);
    let head: Head;
    try {
      head = await recover(hasher, storage, found);
    } catch (cause) {
      throw writeFailure("the log cannot be brought up to date", "unknown", cause);
    }
    const journal = new Journal(storage, hasher, head, found.offsets);
    return { journal, records: journal.records(), tail: found.tail };
  }

  /** Acknowledged records. */
  get count(): number {
    return this.head.count;
  }

  /** Chain hash behind the last acknowledged record: 32 zero bytes where there is none. */
  get chain(): Digest {
    return this.head.chain;
  }

  /** Bytes of the log that are acknowledged. */
  get length(): number {
    return this.head.length;
  }

  /**
   * Appends a batch: one write and sync of the log, one of the head. Once it returns the records are
   * acknowledged. Batches are written in the order of the calls; the bytes are copied at once.
   *
   * Throws `ledger/write`. For a record that is too long nothing else happens. After a failure of the
   * disk every further append is refused; the fact `outcome` says whether these records are "undone" or
   * whether that is "unknown" until the log is opened again, which then has a first part of them,
   * never half a record.
   */
  append(records: readonly Uint8Array[]): Promise<void> {
    try {
      this.requireWritable();
      const framed = frameRecords(this.hasher, this.next, records);
      this.next = framed.ends.at(-1) ?? this.next;
      const written = records.length > 0 ? this.last.then(() => this.write(framed)) : this.last;
      // The next batch waits for this one whether or not it works; its caller hears which.
      this.last = written.catch(() => {});
      return written;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Acknowledged records from number `from` to before `to`, read and checked again.
   * Throws `ledger/corrupt` where they have changed since the log was opened.
   */
  async *records(from = 0, to = this.count): AsyncGenerator<LogRecord, void> {
    const end = Math.min(to, this.count);
    if (from >= end) return;
    const offset = this.offsets[from] as number;
    const start = { count: from, length: offset, chain: await this.chainBefore(from, offset) };
    const scan = scanRecords(this.hasher, this.storage.log, start, this.offsets[end] as number);
    for (let number = from; number < end; number++) {
      const { done, value } = await scan.next();
      if (done) throw this.changed(number, value?.problem);
      yield value;
    }
  }

  /** Waits for what is being written, then gives the files and the lock back. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.last;
    await this.storage.close();
  }

  private async chainBefore(number: number, offset: number): Promise<Digest> {
    if (number === 0) return CHAIN_START;
    const chain = new Uint8Array(DIGEST_SIZE);
    await this.storage.log.read(chain, offset - DIGEST_SIZE);
    return chain;
  }

  private changed(number: number, problem = "it is not there"): AssayError {
    const offset = this.offsets[number] as number;
    const message = `record ${number} at byte ${offset} of the log was changed: ${problem}`;
    return new AssayError("ledger/corrupt", message, {
      facts: { record: number, offset, problem },
    });
  }

  private requireWritable(): void {
    if (this.failure) {
      throw new AssayError(
        "ledger/write",
        `the log takes no more records: ${this.failure.message}`,
        {
          facts: { outcome: "undone" },
          cause: this.failure,
        },
      );
    }
    if (this.closed) throw writeFailure("the log is closed", "undone");
  }

  private async write({ bytes, ends }: Framed): Promise<void> {
    this.requireWritableStill();
    const position = ends.at(-1) as LogPosition;
    try {
      await this.storage.log.write(bytes, this.head.length);
      await this.storage.log.sync();
    } catch (cause) {
      const outcome = await this.undo();
      throw this.poisoned("the log cannot be written", outcome, cause);
    }
    const head = { ...position, sequence: this.head.sequence + 1 };
    try {
      await writeHead(this.hasher, this.storage.head, head);
    } catch (cause) {
      // The head may have been kept and then counts these records: the log must go on having them.
      throw this.poisoned("the log's head cannot be written", "unknown", cause);
    }
    this.head = head;
    for (const { length } of ends) this.offsets.push(length);
  }

  /** For a batch that was waiting when the one before it failed. */
  private requireWritableStill(): void {
    if (this.failure) this.requireWritable();
  }

  /** The log as it was before the batch, where the disk still does that much. */
  private async undo(): Promise<"undone" | "unknown"> {
    try {
      await this.storage.log.truncate(this.head.length);
      await this.storage.log.sync();
      return "undone";
    } catch {
      return "unknown";
    }
  }

  private poisoned(what: string, outcome: "undone" | "unknown", cause: unknown): AssayError {
    this.failure = writeFailure(what, outcome, cause);
    return this.failure;
  }
}

function writeFailure(what: string, outcome: "undone" | "unknown", cause?: unknown): AssayError {
  const reason = cause === undefined ? "" : `: ${reasonOf(cause)}`;
  return new AssayError("ledger/write", `${what}${reason}`, { facts: { outcome }, cause });
}
