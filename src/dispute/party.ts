import type { Body, Move, Side } from "./moves.js";
import type { DisputeState } from "./state.js";

/**
 * One side of a dispute: the move it makes when it is its turn, or `undefined` for silence. Whoever
 * speaks to a party far away answers `undefined` at the deadline: `playDispute` waits for the promise.
 */
export interface Party {
  respond(state: DisputeState): Promise<Move | undefined>;
}

/** A body in the envelope of the current position. */
export function envelop(state: DisputeState, sender: Side, body: Body): Move {
  return { dispute: state.id, sequence: state.sequence, sender, ...body };
}
