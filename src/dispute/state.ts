import type { TreePosition } from "../merkle/shape.js";
import type { Outcome } from "./evidence.js";
import type { Hex } from "./moves.js";

/**
 * Where a dispute stands: plain data, all that a referee must keep between two moves. It grows with
 * what one move may show (64 hashes, or two boundaries of a segment) and not with the model or run.
 */
export interface DisputeState {
  readonly id: Hex;
  readonly claim: Claim;
  /** Moves accepted so far. */
  readonly sequence: number;
  readonly phase: Phase;
  readonly clock: ClockState;
  /** Bytes of all moves accepted so far. */
  readonly moveBytes: number;
}

/** What of the receipt the dispute is about. */
export interface Claim {
  readonly receipt: Hex;
  /** The executor's address. */
  readonly executor: string;
  readonly inputs: Hex;
  readonly outputs: Hex;
  readonly trace: Hex;
  /** Commitment to the salt that masks the three roots, or null once they are bare. */
  readonly salt: Hex | null;
}

export interface ClockState {
  /** Milliseconds that each side has left, as of `since`. */
  readonly asserter: number;
  readonly challenger: number;
  /** When the current turn began. */
  readonly since: number;
}

/** A node of a committed tree with its known hash. */
export interface Cursor {
  readonly position: TreePosition;
  readonly hash: Hex;
}

/** The commitments of what was alive before and after a segment, in the order of the plan. */
export interface Boundaries {
  readonly segment: number;
  readonly before: readonly Hex[];
  readonly after: readonly Hex[];
}

/** The same, with the results inside that no boundary holds: all that an operator may refer to. */
export interface OpenedSegment extends Boundaries {
  readonly inner: readonly Hex[];
}

/** Trees that a dispute descends. Each names where its leaves lead, in `steps/descend.ts`. */
export type TreeName = "trace";

export type Phase =
  | { readonly name: "reveal" }
  | { readonly name: "locate" }
  | { readonly name: "openInputs" }
  /** `at` is null at the root, whose hash is wrapped with its count. */
  | { readonly name: "openNode"; readonly tree: TreeName; readonly at: Cursor | null }
  | { readonly name: "selectNode"; readonly tree: TreeName; readonly nodes: readonly Cursor[] }
  | { readonly name: "openBoundaries"; readonly segment: number }
  | ({ readonly name: "openSegment" } & Boundaries)
  | ({ readonly name: "nameOperator" } & OpenedSegment)
  | ({ readonly name: "openOperator"; readonly node: number } & OpenedSegment)
  | { readonly name: "ended"; readonly outcome: Outcome };

export type PhaseName = Phase["name"];
export type PhaseOf<N extends PhaseName> = Extract<Phase, { name: N }>;
