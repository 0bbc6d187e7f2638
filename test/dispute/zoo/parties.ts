import type { Body, Move, MoveKind } from "../../../src/dispute/moves.js";
import type { Party } from "../../../src/dispute/party.js";
import type { GameClock } from "../../../src/dispute/play.js";
import type { DisputeState } from "../../../src/dispute/state.js";

/** Faulty parties: each is an honest one with one habit changed. */

export type Tamper = (move: Move, state: DisputeState) => Move | undefined;

export function tampering(party: Party, tamper: Tamper): Party {
  return {
    respond: async (state) => {
      const move = await party.respond(state);
      return move && tamper(move, state);
    },
  };
}

/** Changes the moves of one kind. */
export function onKind<K extends MoveKind>(
  kind: K,
  change: (move: Move<K>, state: DisputeState) => Partial<Body<K>> | undefined,
): Tamper {
  return (move, state) => {
    if (move.kind !== kind) return move;
    const changed = change(move as Move<K>, state);
    return changed && ({ ...move, ...changed } as Move);
  };
}

/** Answers everything but this kind. */
export const silentOn = (kind: MoveKind): Tamper => onKind(kind, () => undefined);

/** Answers this kind `after` milliseconds past the deadline. */
export function lateOn(party: Party, kind: MoveKind, clock: GameClock, by: number): Party {
  return {
    respond: async (state) => {
      const move = await party.respond(state);
      if (move?.kind === kind) await clock.waitUntil(clock.now() + by);
      return move;
    },
  };
}

/** Flips the lowest bit of a hash. */
export function flip(hash: string): string {
  const last = Number.parseInt(hash.slice(-1), 16) ^ 1;
  return hash.slice(0, -1) + last.toString(16);
}

export function flipFirst(hashes: readonly string[]): string[] {
  return hashes.map((h, i) => (i === 0 ? flip(h) : h));
}

export function flipByte(bytes: Uint8Array, at = 0): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}
