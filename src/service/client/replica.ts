import { AssayError } from "../../../operators/index.js";
import { replayed } from "../../ledger/embedded.js";
import { CHAIN_START, chainHash } from "../../ledger/journal-format.js";
import { toHex } from "../../receipt/hex.js";
import { messageDigest } from "../../settlement/messages.js";
import type { RuleBook } from "../../settlement/rule-book.js";
import type { Id, LedgerState } from "../../settlement/state.js";
import { OwnMessages } from "./own-messages.js";

/** A part of a log as a server gives it. */
export interface Part {
  readonly ledger: Id;
  readonly from: number;
  readonly count: number;
  readonly events: readonly string[];
  readonly chain: Id | null;
}

/** Longest that replaying keeps everything else waiting, in milliseconds. */
const TURN = 20;

/**
 * A ledger's state as its events make it, computed here. It believes the server that there are these
 * events in this order at these times, and nothing else: what an event does follows from the rules.
 */
export class Replica {
  private current: LedgerState | undefined;
  private chain = CHAIN_START;
  readonly own = new OwnMessages();

  constructor(
    private readonly book: RuleBook,
    private readonly expected?: Id,
  ) {}

  get count(): number {
    return this.current?.count ?? 0;
  }

  /** Only after the first event. */
  get state(): LedgerState {
    if (!this.current) throw new RangeError("nothing was replayed yet");
    return this.current;
  }

  /** Takes the next part. Throws `ledger/corrupt` for anything that does not go on from here. */
  async take(part: Part): Promise<void> {
    this.requireNext(part);
    let turn = performance.now();
    for (const text of part.events) {
      this.apply(text);
      if (performance.now() - turn < TURN) continue;
      await new Promise((resolve) => setImmediate(resolve));
      turn = performance.now();
    }
    const same = part.events.length === 0 || toHex(this.chain) === part.chain;
    if (!same) throw rewritten("the chain over its log is not the one over what was given before");
    if (this.current && part.ledger !== this.current.id) {
      throw rewritten(`it speaks of ledger ${part.ledger}, this is ${this.current.id}`);
    }
  }

  private requireNext({ from, count, events }: Part): void {
    if (count < this.count) throw rewritten(`it has ${count} events, and had ${this.count}`);
    if (from !== this.count || from + events.length > count) {
      throw rewritten(`it gives ${events.length} events from ${from}, asked from ${this.count}`);
    }
  }

  private apply(text: string): void {
    const number = this.count;
    const bytes = new TextEncoder().encode(text);
    const state = this.replay(number, bytes);
    if (number === 0 && this.expected !== undefined && state.id !== this.expected) {
      throw rewritten(`it is ledger ${state.id}, expected was ${this.expected}`);
    }
    this.chain = chainHash(this.book.hasher, this.chain, bytes);
    this.current = state;
    this.noteOwn(number, text);
  }

  private replay(number: number, bytes: Uint8Array): LedgerState {
    try {
      return replayed(this.book, this.current, number, bytes);
    } catch (cause) {
      if (cause instanceof AssayError && cause.code === "ledger/corrupt") throw cause;
      // Nested so deeply that reading it fails, or anything else that no ledger would have accepted.
      throw rewritten(`event ${number} cannot be replayed`, cause);
    }
  }

  private noteOwn(number: number, event: string): void {
    if (this.own.size === 0) return;
    const { kind, text } = JSON.parse(event) as { kind: string; text?: string };
    if (kind !== "message" || text === undefined) return;
    this.own.happened(toHex(messageDigest(this.book.hasher, text)), number);
  }
}

export function rewritten(what: string, cause?: unknown): AssayError {
  return new AssayError("ledger/corrupt", `the server does not tell one history: ${what}`, {
    hint: "ask others who follow this ledger what they were given; do not rely on this server",
    cause,
  });
}
