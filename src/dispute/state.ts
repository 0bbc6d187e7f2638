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

/** An operator of an opened segment, with the commitments of its intermediates. */
export interface OpenedOperator extends OpenedSegment {
  readonly node: number;
  /** In the order of `intermediateStages`; behind them the root of the recurrence's slices. */
  readonly intermediates: readonly Hex[];
}

/** One result inside an operator: see `targets.ts`. */
export interface Targeted {
  readonly operator: OpenedOperator;
  readonly target: number;
}

/** The tree that a dispute descends. Each names where its leaves lead, in `steps/descend.ts`. */
export type Place =
  | { readonly tree: "trace" }
  /** `leaf` is the hash of a slice's entry in the list of slices; null for every other result. */
  | ({ readonly tree: "tensor"; readonly leaf: Hex | null } & Targeted)
  | { readonly tree: "slices"; readonly operator: OpenedOperator };

/** An element of a result, and the part of its fold on trial: steps `from` … `to` − 1. */
export interface Stretch extends Targeted {
  /** Row-major in the result as it is committed. */
  readonly element: number;
  /** The element's committed bytes; null until the asserter has shown its tile. */
  readonly claimed: Hex | null;
  readonly from: number;
  readonly to: number;
  /** State words before step `from` and after step `to` − 1; null at the ends of the fold. */
  readonly before: Hex | null;
  readonly after: Hex | null;
}

/** What the challenger accuses in one move: everything between the trace and an element. */
export interface Path {
  readonly segment: number;
  readonly node: number;
  /** Null where the operator is recomputed whole. */
  readonly target: number | null;
  readonly element: number | null;
}

/** A tile of one of a program's sources, shown and proved. */
export interface ShownTile {
  readonly source: number;
  readonly tile: number;
  readonly bytes: Hex;
}

export type Phase =
  | { readonly name: "reveal" }
  | { readonly name: "locate" }
  | { readonly name: "openInputs" }
  | { readonly name: "openPath"; readonly path: Path }
  /** `at` is null at the root, whose hash is wrapped with its count. */
  | { readonly name: "openNode"; readonly place: Place; readonly at: Cursor | null }
  | { readonly name: "selectNode"; readonly place: Place; readonly nodes: readonly Cursor[] }
  | { readonly name: "openBoundaries"; readonly segment: number }
  | ({ readonly name: "openSegment" } & Boundaries)
  | ({ readonly name: "nameOperator" } & OpenedSegment)
  /** `shown` are the bytes of the parts accepted so far. */
  | ({ readonly name: "openOperator"; readonly node: number; readonly shown: Hex } & OpenedSegment)
  | ({ readonly name: "openIntermediates"; readonly node: number } & OpenedSegment)
  | ({ readonly name: "locateElement" } & { readonly operator: OpenedOperator })
  | ({ readonly name: "openTile"; readonly tile: number; readonly hash: Hex } & Targeted)
  | ({ readonly name: "pickElement"; readonly tile: number; readonly bytes: Hex } & Targeted)
  | ({ readonly name: "openPartials" } & Stretch)
  | ({ readonly name: "selectSpan"; readonly words: Hex } & Stretch)
  | ({ readonly name: "openReads"; readonly tiles: readonly ShownTile[] } & Stretch)
  | { readonly name: "ended"; readonly outcome: Outcome };

export type PhaseName = Phase["name"];
export type PhaseOf<N extends PhaseName> = Extract<Phase, { name: N }>;
