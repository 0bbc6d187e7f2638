import type { Machine } from "../../operators/index.js";
import type { Ledger, Submitted } from "../ledger/port.js";
import type { Hasher } from "../merkle/hash.js";
import type { MessageBody } from "../settlement/messages.js";
import type { RuleBook } from "../settlement/rule-book.js";
import type { Id } from "../settlement/state.js";
import { type Backoff, waitBefore } from "./client/backoff.js";
import type { HostedModel } from "./hosted-model.js";

/** What executors and watchers have in common: an account on a ledger, models, and a machine. */
export interface Agent {
  readonly ledger: Ledger;
  readonly account: Speaker;
  readonly hasher: Hasher;
  readonly book: RuleBook;
  /** By model digest. */
  readonly models: ReadonlyMap<Id, HostedModel>;
  /** A machine of its own for each thing that runs at the same time. */
  readonly machine: () => Machine;
  readonly signal: AbortSignal;
  readonly log: (entry: LogEntry) => void;
}

/** An account that can say things on a ledger, in order. */
export interface Speaker {
  readonly address: Id;
  readonly key: Uint8Array;
  say(body: MessageBody): Promise<Submitted>;
}

/** What an agent tells whoever runs it: data for machines, a sentence for people. */
export interface LogEntry {
  readonly level: "info" | "warn" | "error";
  readonly what: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Reports a failure of one task, which must not end the agent. */
export async function attempt(
  { log, signal }: Pick<Agent, "log" | "signal">,
  what: string,
  facts: LogEntry["facts"],
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    const message = error instanceof Error ? error.message : String(error);
    log({ level: "error", what: `${what} failed: ${message}`, facts });
    return false;
  }
}

/** A task that failed is tried again though nothing happens on the ledger: its deadline comes all the same. */
const RETRY: Backoff = { first: 250, longest: 30_000 };

/**
 * Does `work` now and whenever the ledger has changed, until stopped. What comes in meanwhile is
 * seen by the next turn. `work` says whether all of it succeeded.
 */
export async function followLedger(
  { ledger, signal }: Pick<Agent, "ledger" | "signal">,
  work: () => Promise<boolean>,
): Promise<void> {
  for (let failed = 0; !signal.aborted; ) {
    const { count } = ledger.state;
    failed = (await work()) ? 0 : failed + 1;
    const again = failed === 0 ? undefined : AbortSignal.timeout(waitBefore(failed, RETRY));
    try {
      await ledger.changed(count, again ? AbortSignal.any([signal, again]) : signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!again?.aborted) throw error;
    }
  }
}
