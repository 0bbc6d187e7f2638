import { AssayError } from "../../operators/index.js";
import { toHex } from "../receipt/hex.js";
import { awaitsBeacon } from "../settlement/steps/beacon.js";
import { nextDeadline } from "../settlement/steps/due.js";
import type { BeaconChain } from "./beacon-chain.js";
import type { EmbeddedLedger } from "./embedded.js";

export interface KeeperOptions {
  readonly beacon: BeaconChain;
  /** Milliseconds between two links, at least. */
  readonly interval?: number;
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** Longest that a timer of Node can be set to. */
const LONGEST = 2 ** 31 - 1;

/**
 * Does what a ledger must do by itself until it is stopped: lets time pass in it when a deadline has
 * passed, and shows the next link of its beacon when a job waits for one.
 */
export async function keepLedger(ledger: EmbeddedLedger, options: KeeperOptions): Promise<void> {
  const { signal, onError, interval = 1000 } = options;
  let shown = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    try {
      const now = ledger.now();
      if (nextDeadline(ledger.state) < now) await ledger.append({ kind: "tick" });
      const waits = awaitsBeacon(ledger.state);
      if (waits && now >= shown + interval) {
        shown = now;
        const link = options.beacon.link(ledger.state.beacon.count + 1);
        await ledger.append({ kind: "beacon", link: toHex(link) });
      }
      const next = waits ? shown + interval : nextDeadline(ledger.state) + 1;
      await sleepUntil(ledger, next - ledger.now(), signal);
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
      // A log that cannot be written will not be by trying again.
      if (error instanceof AssayError && error.code === "ledger/write") return;
    }
  }
}

/** Until something happens or the time has come. */
async function sleepUntil(ledger: EmbeddedLedger, ms: number, signal: AbortSignal): Promise<void> {
  const either = new AbortController();
  const timer = setTimeout(() => either.abort(), Math.min(LONGEST, Math.max(1, ms)));
  const stop = (): void => either.abort();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await ledger.changed(ledger.state.count, either.signal);
  } catch {
    // Time is up, or the ledger is being closed: the loop looks which.
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
