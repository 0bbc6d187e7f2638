import { DEFAULT_BUDGET } from "../dispute/budget.js";
import { address, amount, digest, duration, integer, list, type Read, record } from "./shape.js";

/**
 * What a ledger was founded with; it never changes. Amounts are in the ledger's smallest unit, times
 * in milliseconds.
 */
export const PARAMETERS = record({
  /** Founds its own identity: two ledgers with the same parameters are still two. */
  salt: digest,
  /** Who takes money in and out. Whoever keeps the ledger also orders events and tells the time. */
  operator: address,
  /** The first link of the beacon's hash chain. */
  beacon: digest,
  bonds: record({
    /** Taken from an executor's stake when it is drawn. Where it is lost, at least half is burned. */
    executor: amount,
    /** What a challenger has locked in all, by the depth that the dispute has reached: trace, segment, operator, fold. */
    challenger: list(amount, 4),
    /** What of its bond an executor loses that was drawn and did nothing. */
    absence: amount,
  }),
  fees: record({
    /** Burned for registering a model. */
    registration: amount,
    /** Burned for each begun KiB of the message that posts a job: it stays in the state for good. */
    post: amount,
    /** Least that a job pays per executor. */
    job: amount,
    /** What the loser pays the winner for each of its moves, and for each begun KiB of it. */
    move: amount,
    kibibyte: amount,
    /** What a convicted executor pays the challenger on top. */
    conviction: amount,
  }),
  windows: record({
    /** For a beacon and enough executors to come. */
    draw: duration,
    /** Most that a job may give its executors. */
    commit: duration,
    reveal: duration,
    challenge: duration,
  }),
  clock: record({ perSide: duration, extension: duration }),
  budget: record({
    bytes: integer(1),
    steps: integer(1),
    stretch: integer(1, 64),
    spans: integer(2, 256),
  }),
  audit: record({
    /** Of a thousand sampled jobs, how many are audited. */
    perMille: integer(0, 1000),
    auditors: integer(1, 64),
  }),
  /** Most executors of a job. */
  executors: integer(1, 4096),
});

export type Parameters = Read<typeof PARAMETERS>;

const HOUR = 3600_000;

/** One unit is a millionth of whatever the ledger counts in: the defaults are ratios that matter, not prices. */
export const DEFAULT_PARAMETERS: Omit<Parameters, "salt" | "operator" | "beacon"> = {
  bonds: { executor: 100_000, challenger: [5_000, 10_000, 20_000, 40_000], absence: 1_000 },
  fees: { registration: 10_000, post: 10, job: 1_000, move: 20, kibibyte: 10, conviction: 20_000 },
  windows: { draw: HOUR, commit: 24 * HOUR, reveal: HOUR, challenge: 24 * HOUR },
  clock: { perSide: 4 * HOUR, extension: HOUR / 4 },
  budget: {
    bytes: DEFAULT_BUDGET.whole.bytes,
    steps: DEFAULT_BUDGET.whole.steps,
    stretch: DEFAULT_BUDGET.stretch.steps,
    spans: DEFAULT_BUDGET.spans,
  },
  audit: { perMille: 100, auditors: 1 },
  executors: 1024,
};
