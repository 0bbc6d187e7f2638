import { AssayError } from "../../operators/index.js";
import type { Hasher } from "../merkle/hash.js";
import { toHex } from "../receipt/hex.js";
import { type EventBody, eventText, type LedgerEvent, readEvent } from "../settlement/events.js";
import { readMessage } from "../settlement/messages.js";
import type { Parameters } from "../settlement/parameters.js";
import type { LedgerRefusal } from "../settlement/refusals.js";
import type { RuleBook } from "../settlement/rule-book.js";
import type { SignedMessage } from "../settlement/sign-message.js";
import type { Id, LedgerState } from "../settlement/state.js";
import { applyEvent, foundLedger } from "../settlement/transition.js";
import { admit } from "./admission.js";
import type { Journal, OpenedJournal } from "./journal.js";
import type { TornTail } from "./journal-open.js";
import type { Blobs } from "./named-blobs.js";
import type { Ledger, Submitted, Upload } from "./port.js";
import { readUpload } from "./upload.js";

export interface EmbeddedOptions {
  readonly book: RuleBook;
  readonly blobs: Blobs;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** Events of a log, one behind the other. */
export interface LogPart {
  readonly texts: readonly string[];
  readonly chain: Id | null;
}

/** An event that was applied but is not durable yet, with whoever waits for it. */
interface Pending {
  readonly record: Uint8Array;
  readonly after: LedgerState;
  readonly done: (submitted: Submitted) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * A ledger in a folder of this machine: the journal is the truth, the state is what its events amount
 * to. Nothing is acknowledged, and nobody sees it, before it is durable. Events that come while others
 * are written go to the disk together.
 */
export class EmbeddedLedger implements Ledger {
  /** With what is not durable yet: what the next event is checked against. */
  private tip: LedgerState;
  private queue: Pending[] = [];
  private writing: Promise<void> | undefined;
  private failed = false;
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly options: EmbeddedOptions,
    private readonly journal: Journal,
    private durable: LedgerState,
    /** What a crash had left half-written, and was cut off when this ledger was opened. */
    readonly tail: TornTail | null,
  ) {
    this.tip = durable;
  }

  /**
   * Opens a ledger and replays all of it; founds one where the journal is empty and `parameters` are
   * given. Throws `ledger/corrupt` for a log that is whole but is not one of a ledger.
   */
  static async open(
    { journal, records, tail }: OpenedJournal,
    options: EmbeddedOptions,
    parameters?: Parameters,
  ): Promise<EmbeddedLedger> {
    let state: LedgerState | undefined;
    for await (const { number, bytes } of records) {
      state = replayed(options.book, state, number, bytes);
    }
    if (state) return new EmbeddedLedger(options, journal, state, tail);
    if (!parameters) {
      throw new AssayError("ledger/corrupt", "the log has no events: the ledger was never founded");
    }
    const genesis = { at: options.clock(), kind: "genesis", parameters } as const;
    const founded = foundLedger(options.book, genesis);
    await journal.append([encoder.encode(eventText(genesis))]);
    return new EmbeddedLedger(options, journal, founded, tail);
  }

  get state(): LedgerState {
    return this.durable;
  }

  get hasher(): Hasher {
    return this.options.book.hasher;
  }

  get blobs(): Blobs {
    return this.options.blobs;
  }

  /** Chain hash of the log behind its last durable event. */
  get chain(): Id {
    return toHex(this.journal.chain);
  }

  /** Whether writing has failed: nothing more is accepted until the ledger is opened again. */
  get broken(): boolean {
    return this.failed;
  }

  now(): number {
    return Math.max(this.options.clock(), this.tip.now);
  }

  async submit({ text, signature }: SignedMessage): Promise<Submitted> {
    const body = { kind: "message", text, signature } as const;
    const refusal = await this.admitted(body);
    return refusal ? { refusal } : this.append(body);
  }

  /** What speaks against a message beside the state; read from the disk only where the state accepts it. */
  private async admitted(body: EventBody<"message">): Promise<LedgerRefusal | undefined> {
    if (!/"kind":"(?:post|reveal)"/.test(body.text)) return undefined;
    const { book } = this.options;
    const would = applyEvent(book, this.tip, { at: this.now(), ...body });
    return "refusal" in would
      ? would.refusal
      : admit(this.options, this.tip, readMessage(body.text));
  }

  /** Applies an event of the ledger itself or of an account; durable once it resolves. */
  append(body: Exclude<EventBody, { kind: "genesis" }>): Promise<Submitted> {
    const event = { at: this.now(), ...body };
    const result = applyEvent(this.options.book, this.tip, event);
    if ("refusal" in result) return Promise.resolve(result);
    const { state: after } = result;
    this.tip = after;
    const record = encoder.encode(eventText(event));
    return new Promise((done, failed) => {
      this.queue.push({ record, after, done, failed });
      this.writing ??= this.write();
    });
  }

  async changed(count: number, signal: AbortSignal): Promise<void> {
    while (this.durable.count <= count) {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const stop = (): void => {
          this.waiting.delete(wake);
          reject(signal.reason);
        };
        const wake = (): void => {
          this.waiting.delete(wake);
          signal.removeEventListener("abort", stop);
          resolve();
        };
        this.waiting.add(wake);
        signal.addEventListener("abort", stop, { once: true });
      });
    }
  }

  /** Texts of the durable events from number `from`, at most `most` of them. */
  async events(from: number, most: number): Promise<string[]> {
    const texts: string[] = [];
    const end = Math.min(this.durable.count, from + most);
    for await (const { bytes } of this.journal.records(from, end)) texts.push(decode(bytes));
    return texts;
  }

  /**
   * Texts of durable events from number `from`: at most `most` of them and, behind the first, at most
   * `bytes` bytes; with the log's chain hash behind the last of them, null where there is none.
   */
  async part(from: number, most: number, bytes: number): Promise<LogPart> {
    const texts: string[] = [];
    let chain: Id | null = null;
    let left = bytes;
    const end = Math.min(this.durable.count, from + most);
    for await (const record of this.journal.records(from, end)) {
      left -= record.bytes.length;
      if (left < 0 && texts.length > 0) break;
      texts.push(decode(record.bytes));
      chain = toHex(record.chain);
    }
    return { texts, chain };
  }

  async upload(upload: Upload): Promise<void> {
    const { book, blobs } = this.options;
    const { sender, blob, size } = readUpload(book.hasher, this.durable, upload);
    await blobs.write(blob, sender, size, [upload.bytes]);
  }

  async download(blob: Id, atMost: number): Promise<Uint8Array | undefined> {
    return this.options.blobs.read(blob, atMost);
  }

  /** Waits for what is being written, then closes the log. */
  async close(): Promise<void> {
    await this.writing;
    await this.journal.close();
  }

  private async write(): Promise<void> {
    // A turn of the event loop, so that what comes at the same time is written together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.length > 0) {
      const batch = this.queue.splice(0, BATCH);
      try {
        await this.journal.append(batch.map((p) => p.record));
      } catch (error) {
        this.fail([...batch, ...this.queue.splice(0)], error);
        break;
      }
      this.durable = (batch.at(-1) as Pending).after;
      for (const { done, after } of batch) done({ event: after.count - 1 });
      for (const wake of [...this.waiting]) wake();
    }
    this.writing = undefined;
  }

  /** What was not written never happened. */
  private fail(batch: readonly Pending[], error: unknown): void {
    this.failed = true;
    this.tip = this.durable;
    for (const { failed } of batch) failed(error);
  }
}

/** Most events of one write. */
const BATCH = 256;

const encoder = new TextEncoder();

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/** One more event of a log; it was accepted once, so a refusal means that the log is not this program's. */
export function replayed(
  book: RuleBook,
  state: LedgerState | undefined,
  number: number,
  bytes: Uint8Array,
): LedgerState {
  const event = eventOf(number, bytes);
  if (event.kind === "genesis") {
    if (!state) return foundLedger(book, event);
    throw corrupt(number, "a ledger is founded once");
  }
  if (!state) throw corrupt(number, "a log begins with the genesis event");
  const result = applyEvent(book, state, event);
  if ("refusal" in result) throw corrupt(number, describe(result.refusal));
  return result.state;
}

function eventOf(number: number, bytes: Uint8Array): LedgerEvent {
  try {
    return readEvent(decode(bytes));
  } catch (cause) {
    throw corrupt(number, cause instanceof Error ? cause.message : String(cause));
  }
}

const describe = ({ code, message }: LedgerRefusal): string => `${code}: ${message}`;

function corrupt(number: number, problem: string): AssayError {
  return new AssayError("ledger/corrupt", `event ${number} cannot be replayed: ${problem}`, {
    facts: { record: number, problem },
  });
}
