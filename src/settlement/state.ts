import type { Outcome } from "../dispute/evidence.js";
import type { Side } from "../dispute/moves.js";
import type { DisputeState } from "../dispute/state.js";
import type { Granularity } from "../graph/plan.js";
import type { BucketMap } from "./bucket-map.js";
import type { JobInput, Mode } from "./messages.js";
import type { Money } from "./money.js";
import type { Parameters } from "./parameters.js";

/** Digests and addresses as text. */
export type Id = string;

/** Where a ledger stands: plain data, and all of it follows from the events. */
export interface LedgerState {
  readonly id: Id;
  readonly parameters: Parameters;
  /** Events so far, the genesis included. */
  readonly count: number;
  /** Time of the last event. */
  readonly now: number;
  readonly beacon: { readonly link: Id; readonly count: number };
  readonly money: Money;
  /** Messages accepted, by account. */
  readonly sequences: BucketMap<number>;
  readonly models: BucketMap<RegisteredModel>;
  readonly jobs: BucketMap<Job>;
  readonly disputes: BucketMap<JobDispute>;
  /** Those that have not ended, oldest first. */
  readonly openJobs: readonly Id[];
  readonly openDisputes: readonly Id[];
}

export interface RegisteredModel {
  /** The model digest. */
  readonly id: Id;
  readonly registrant: Id;
  /** The ONNX file without its large weights. */
  readonly skeleton: Uint8Array;
  /** Commitments of the weights that are not in it, in file order. */
  readonly commitments: readonly Id[];
  /** Accounts that offer to run it, oldest offer first. */
  readonly offers: readonly Offer[];
}

/** Which jobs an executor takes. */
export interface Offer {
  readonly executor: Id;
  /** Most steps of a run, counted as in `Cost`. */
  readonly steps: number;
  /** Least time to commit, in milliseconds. */
  readonly within: number;
  /** Least pay for a seat. */
  readonly fee: number;
}

/** What decides the plan of a job. */
export interface JobBinding {
  readonly model: Id;
  readonly granularity: Granularity;
  readonly inputs: readonly JobInput[];
}

export interface Job extends JobBinding {
  readonly id: Id;
  readonly requester: Id;
  readonly mode: Mode;
  /** Executors asked for; auditors come on top. */
  readonly size: number;
  readonly fee: number;
  readonly commitWithin: number;
  /** What a run takes, from the plan. */
  readonly steps: number;
  /** What every receipt of this job must name. */
  readonly inputsRoot: Id;
  readonly context: Id;
  readonly phase: JobPhase;
  /** In the order in which they were drawn. */
  readonly entries: readonly Entry[];
  /** Whether the beacon called for auditors; null until it has spoken. They may still be awaited. */
  readonly audited: boolean | null;
  readonly contest: Contest;
  /** Matches and challenges that have not ended, oldest first. */
  readonly disputes: readonly Id[];
  readonly paid: boolean;
}

export type JobPhase =
  /** Waits for the next link of the beacon, and for enough executors. */
  | { readonly name: "drawing"; readonly until: number }
  | { readonly name: "committing"; readonly until: number }
  /** The executors have sealed; the beacon now says whether auditors run it too. */
  | { readonly name: "calling"; readonly until: number }
  | { readonly name: "revealing"; readonly until: number }
  | { readonly name: "challengeable"; readonly until: number }
  | { readonly name: "ended"; readonly at: number; readonly end: JobEnd };

/** How a job ended. */
export type JobEnd =
  /** These executors' receipts stand, and all say the same. */
  | { readonly kind: "answered"; readonly executors: readonly Id[] }
  /** Nobody was there to draw, as executor or auditor, or the beacon did not come. */
  | { readonly kind: "not-drawn" }
  /** Nobody committed, or nobody revealed. */
  | { readonly kind: "not-run" }
  /** Every claim fell. */
  | { readonly kind: "all-fell" };

/** One executor in a job. */
export interface Entry {
  readonly executor: Id;
  readonly auditor: boolean;
  readonly standing: Standing;
  /** H(receipt digest ‖ nonce) under its tag, from the commit on. */
  readonly sealed: Id | null;
  readonly claim: RevealedClaim | null;
  /** Matches won. */
  readonly wins: number;
}

export type Standing =
  | "drawn"
  | "sealed"
  /** Revealed, and not shown wrong. */
  | "standing"
  /** Drawn, and did not commit. */
  | "absent"
  /** Committed, and did not reveal. */
  | "unrevealed"
  /** Convicted with evidence. */
  | "refuted"
  /** Did not answer a challenge in time. */
  | "silent"
  /** Its own challenge in the contest convicted nobody. */
  | "failed";

export interface RevealedClaim {
  /** The receipt's 364 bytes. */
  readonly receipt: Id;
  readonly signature: Id;
  /** Equal for claims that say the same: the digest of segments, trace and outputs. */
  readonly root: Id;
  /** SHA-256 under which the outputs' bytes are kept. */
  readonly outputs: Id;
}

/** The rounds in which receipts that differ are tried against each other. */
export interface Contest {
  readonly round: number;
  /** Disputes of this round that have not ended. */
  readonly open: readonly Id[];
}

export interface JobDispute {
  readonly id: Id;
  readonly job: Id;
  readonly kind: "match" | "challenge";
  /** Of a match; 0 for a challenge from outside. */
  readonly round: number;
  readonly asserter: Id;
  readonly challenger: Id;
  readonly opened: number;
  readonly state: DisputeState;
  /** What each side would be paid for its moves so far. */
  readonly earned: Readonly<Record<Side, number>>;
  readonly result: DisputeResult | null;
}

export type DisputeResult =
  | { readonly kind: "decided"; readonly loser: Side; readonly outcome: Outcome }
  /** A side fell in another dispute: there is nothing left to decide. */
  | { readonly kind: "moot" };
