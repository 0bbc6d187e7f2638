import { setMaxListeners } from "node:events";
import { AssayError } from "../../../operators/index.js";
import type { Ledger, Submitted, Upload } from "../../ledger/port.js";
import { toHex } from "../../receipt/hex.js";
import { MAX_MESSAGE, messageDigest } from "../../settlement/messages.js";
import type { RuleBook } from "../../settlement/rule-book.js";
import type { SignedMessage } from "../../settlement/sign-message.js";
import type { Id, LedgerState } from "../../settlement/state.js";
import { LONG_MESSAGE_HEADERS, NOTE_HEADERS } from "../headers.js";
import { ACCEPTED, EVENTS, STORED } from "../schemas.js";
import { explain, readAnswer, readRefusal } from "./answers.js";
import { type Backoff, DEFAULT_BACKOFF, sleep, waitBefore } from "./backoff.js";
import { Replica, rewritten } from "./replica.js";
import { type AskOptions, askServer, type RawAnswer, unreachable } from "./transport.js";
import { Waiting } from "./waiting.js";

export interface RemoteOptions {
  readonly book: RuleBook;
  /** Which ledger it has to be. Without it the first answer is believed, and no other from then on. */
  readonly expect?: Id;
  /** Ends everything, following included. */
  readonly signal?: AbortSignal;
  readonly backoff?: Backoff;
  /** Longest that a question waits for an event, in milliseconds; the server has a limit of its own. */
  readonly pollTime?: number;
  /** For any other answer, in milliseconds; what is large has more. */
  readonly timeout?: number;
}

/** Largest answer with events: the server gives 4 MiB or one event of 16 MiB, which JSON may double. */
const MAX_EVENTS = 48 << 20;
const MAX_ANSWER = 64 << 10;
/** How often in a row a server may be busy while a follower connects. */
const PATIENCE = 8;
/** Bytes a millisecond that a connection is taken to carry, at worst: 256 KiB a second. */
const SLOWEST = 256;

/**
 * A ledger behind HTTP, replayed here: the server is trusted with availability, order and time only.
 * Once what it says does not follow from what it said before, everything throws `ledger/corrupt`.
 */
export class RemoteLedger implements Ledger {
  private readonly replica: Replica;
  private readonly waiting = new Waiting();
  private readonly stop = new AbortController();
  private readonly timeout: number;
  private failure: unknown;
  /** The server's time when it last answered, and when that was here. */
  private clock = { server: 0, here: 0 };
  private following: Promise<void> = Promise.resolve();

  private constructor(
    private readonly base: URL,
    private readonly options: RemoteOptions,
  ) {
    this.replica = new Replica(options.book, options.expect);
    this.timeout = options.timeout ?? 15_000;
    // Every question that is open listens, and as many may be open as an account has disputes.
    setMaxListeners(0, this.stop.signal);
    const end = (): void => this.stop.abort(options.signal?.reason);
    options.signal?.addEventListener("abort", end, { once: true });
    this.stop.signal.addEventListener("abort", () => {
      options.signal?.removeEventListener("abort", end);
      this.fail(this.stop.signal.reason);
    });
  }

  /**
   * Downloads and replays all events, then follows. Throws `ledger/unreachable`, and `ledger/corrupt`
   * where they are no history of a ledger, or not of the one that is expected.
   */
  static async connect(url: string, options: RemoteOptions): Promise<RemoteLedger> {
    options.signal?.throwIfAborted();
    const remote = new RemoteLedger(baseOf(url), options);
    await remote.catchUp();
    remote.following = remote.follow();
    return remote;
  }

  get state(): LedgerState {
    return this.replica.state;
  }

  now(): number {
    const { server, here } = this.clock;
    return Math.max(this.state.now, server + Math.floor(performance.now() - here));
  }

  async submit(message: SignedMessage): Promise<Submitted> {
    this.requireFollowing();
    const digest = toHex(messageDigest(this.options.book.hasher, message.text));
    const { own } = this.replica;
    own.watch(digest);
    const before = own.eventOf(digest);
    if (before !== undefined) return { event: before };
    const said = await this.post(message, digest);
    if ("event" in said) {
      await this.reach(said.event + 1);
      if (own.eventOf(digest) === said.event) return said;
      throw this.fail(rewritten(`event ${said.event} is not the message that it accepted as that`));
    }
    if (said.refusal.code !== "wrong-sequence") return said;
    await this.reachSequence(message);
    const event = own.eventOf(digest);
    return event === undefined ? said : { event };
  }

  async changed(count: number, signal: AbortSignal): Promise<void> {
    while (this.replica.count <= count) {
      this.requireFollowing();
      await this.waiting.next(signal);
    }
  }

  async upload({ text, signature, bytes }: Upload): Promise<void> {
    const answer = await this.ask("/v1/blobs", {
      method: "PUT",
      headers: {
        "content-type": "application/octet-stream",
        [NOTE_HEADERS.note]: text,
        [NOTE_HEADERS.signature]: signature,
      },
      // Nobody keeps a shared buffer here; what is sent is never written to.
      body: bytes as Uint8Array<ArrayBuffer>,
      most: MAX_ANSWER,
      timeout: this.timeFor(bytes.length),
    });
    const url = this.at("/v1/blobs");
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      throw new AssayError("ledger/quota", `the upload is refused: ${explain(url, answer)}`);
    }
    readAnswer(url, answer, STORED);
  }

  /** Throws `blob/mismatch` where the server gives other bytes than were asked for. */
  async download(blob: Id, atMost: number): Promise<Uint8Array | undefined> {
    const path = `/v1/blobs/${blob}`;
    const timeout = this.timeFor(atMost);
    const answer = await this.ask(path, { most: Math.max(atMost, MAX_ANSWER), timeout });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw unreachable(this.at(path), explain(this.at(path), answer));
    const { bytes } = answer;
    if (bytes.length > atMost) {
      throw new AssayError("blob/too-large", `${blob} has more than ${atMost} bytes`);
    }
    if (toHex(this.options.book.hasher.hash(bytes)) === blob) return bytes;
    throw new AssayError("blob/mismatch", `the server gave other bytes than those of ${blob}`);
  }

  /** Stops following. What waits rejects. */
  async close(): Promise<void> {
    this.stop.abort(new AssayError("cancelled", "the ledger is no longer followed"));
    await this.following;
  }

  /** All events that there are. Throws unless the server answers, or says to come back in a moment. */
  private async catchUp(): Promise<void> {
    const { backoff = DEFAULT_BACKOFF } = this.options;
    for (let failed = 0; ; ) {
      try {
        if (!(await this.step(0))) return;
        failed = 0;
      } catch (error) {
        failed += 1;
        if (!isBusy(error) || failed > PATIENCE) throw error;
        await sleep(waitBefore(failed, backoff), this.stop.signal);
      }
    }
  }

  /** Asks for the next events until it is stopped or the server contradicts itself. */
  private async follow(): Promise<void> {
    const { backoff = DEFAULT_BACKOFF, pollTime = 25_000 } = this.options;
    let failed = 0;
    while (this.failure === undefined) {
      try {
        const asked = performance.now();
        const more = await this.step(pollTime);
        // A server that answers at once with nothing is asked no faster than one that is away.
        const hasty = !more && performance.now() - asked < backoff.first;
        failed = hasty ? failed + 1 : 0;
      } catch (error) {
        if (!isUnreachable(error)) {
          this.fail(error);
          return;
        }
        failed += 1;
      }
      if (failed > 0) await sleep(waitBefore(failed, backoff), this.stop.signal).catch(() => {});
    }
  }

  /** Takes the next part; whether there were events in it. */
  private async step(wait: number): Promise<boolean> {
    const from = this.replica.count;
    const seconds = Math.max(wait === 0 ? 0 : 1, Math.floor(wait / 1000));
    const path = `/v1/events?from=${from}&wait=${seconds}`;
    const timeout = seconds * 1000 + this.timeFor(MAX_EVENTS / 8);
    const answer = await this.ask(path, { most: MAX_EVENTS, timeout });
    const part = readAnswer(this.at(path), answer, EVENTS);
    if (part.events.length === 0 && part.count > from) {
      throw unreachable(this.at(path), `it has ${part.count} events and gives none from ${from}`);
    }
    await this.replica.take(part);
    this.clock = { server: part.now, here: performance.now() };
    if (part.events.length > 0) this.waiting.wake();
    return part.events.length > 0;
  }

  private async post({ text, signature }: SignedMessage, digest: string): Promise<Submitted> {
    const path = "/v1/messages";
    const { digest: named, signature: by } = LONG_MESSAGE_HEADERS;
    const long = text.length > MAX_MESSAGE ? { [named]: digest, [by]: signature } : {};
    const answer = await this.ask(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...long },
      body: JSON.stringify({ text, signature }),
      most: MAX_ANSWER,
      timeout: this.timeFor(text.length),
    });
    const url = this.at(path);
    if (answer.status === 409) return { refusal: readRefusal(url, answer) };
    if (answer.status === 400 || answer.status === 403 || answer.status === 413) {
      return { refusal: { code: "malformed", message: explain(url, answer) } };
    }
    return readAnswer(url, answer, ACCEPTED);
  }

  /** Until so many events were replayed. Throws `ledger/unreachable` where they do not come. */
  private async reach(count: number): Promise<void> {
    await this.until(() => this.replica.count >= count, `event ${count - 1} did not come`);
  }

  /** Until the number that a message bears is taken here too. */
  private async reachSequence({ text }: SignedMessage): Promise<void> {
    const { sender, sequence } = JSON.parse(text) as { sender: string; sequence: number };
    if (sequence > (this.state.sequences.get(sender) ?? 0)) return;
    const passed = (): boolean => (this.state.sequences.get(sender) ?? 0) > sequence;
    await this.until(passed, `what the account said as number ${sequence} did not come`);
  }

  private async until(reached: () => boolean, otherwise: string): Promise<void> {
    const time = new AbortController();
    const timer = setTimeout(() => {
      time.abort(unreachable(this.base, otherwise));
    }, this.timeout);
    try {
      while (!reached()) {
        this.requireFollowing();
        await this.waiting.next(time.signal);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private ask(path: string, options: AskOptions): Promise<RawAnswer> {
    return askServer(this.at(path), { ...options, signal: this.stop.signal });
  }

  private at(path: string): URL {
    return new URL(`${this.base.pathname.replace(/\/$/, "")}${path}`, this.base);
  }

  private timeFor(bytes: number): number {
    return this.timeout + Math.ceil(bytes / SLOWEST);
  }

  private requireFollowing(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** For good: the first failure is the one that everybody hears. */
  private fail(error: unknown): unknown {
    this.failure ??= error;
    this.waiting.wake(this.failure);
    return this.failure;
  }
}

/** The server is there and has too much to do. */
function isBusy(error: unknown): boolean {
  const { status } = error instanceof AssayError ? error.facts : {};
  return isUnreachable(error) && (status === 429 || status === 503);
}

function isUnreachable(error: unknown): boolean {
  return error instanceof AssayError && error.code === "ledger/unreachable";
}

function baseOf(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : undefined;
  if (base && (base.protocol === "http:" || base.protocol === "https:")) return base;
  throw new AssayError("ledger/unreachable", `${url} is no http or https address`);
}
