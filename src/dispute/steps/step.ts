import type { Body, MoveKind } from "../moves.js";
import type { Rules } from "../rules.js";
import type { Claim, Phase, PhaseName, PhaseOf } from "../state.js";

/**
 * What one kind of move does in one phase: a pure function that yields the next phase or throws
 * `MoveRefused`. Turn, clock and envelope are checked before it is called; every field of the body
 * is its own to check.
 */
export type Step<N extends PhaseName, K extends MoveKind> = (
  context: StepContext,
  phase: PhaseOf<N>,
  move: Body<K>,
) => Next;

export interface StepContext {
  readonly rules: Rules;
  readonly claim: Claim;
  /** Bytes of all moves, this one included. */
  readonly moveBytes: number;
}

export interface Next {
  readonly phase: Phase;
  /** Only where a move changed what is known of the claim. */
  readonly claim?: Claim;
}
