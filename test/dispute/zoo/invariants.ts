import { expect } from "vitest";
import { deadline } from "../../../src/dispute/clock.js";
import { MAX_HASHES } from "../../../src/dispute/descend.js";
import { moveLimit } from "../../../src/dispute/move-limit.js";
import { type Move, moveBytes } from "../../../src/dispute/moves.js";
import { longestGame } from "../../../src/dispute/play.js";
import type { Rules } from "../../../src/dispute/rules.js";
import type { DisputeState } from "../../../src/dispute/state.js";
import {
  expectedMoves,
  moverOf,
  type Transition,
  transition,
} from "../../../src/dispute/transition.js";

/** A referee that re-checks every rule of the game after every move, accepted or not. */
export function checkedReferee(
  rules: Rules,
  state: DisputeState,
  move: unknown,
  now: number,
): Transition {
  const before = JSON.stringify(state);
  const result = transition(rules, deepFreeze(state), move, now);
  // A move changes no state but the one it yields; a refused one yields none.
  expect(JSON.stringify(state)).toBe(before);
  if ("refusal" in result) expect(Object.keys(result)).toEqual(["refusal"]);
  else checkAccepted(rules, state, move as Move, now, result.state);
  // The same question has the same answer.
  expect(transition(rules, state, move, now)).toEqual(result);
  return result;
}

function checkAccepted(
  rules: Rules,
  before: DisputeState,
  move: Move,
  now: number,
  after: DisputeState,
): void {
  const mover = moverOf(before);
  if (mover === undefined) throw new Error("a move was accepted after the end");
  const late = now > deadline(before.clock, mover);
  // Only the side to move moves, in time, with what is due; or the time is called once it is over.
  if (move.kind === "timeout") expect(late).toBe(true);
  else {
    expect(late).toBe(false);
    expect(move.sender).toBe(mover);
    expect(expectedMoves(before)).toContain(move.kind);
  }
  // Every move is bound to one dispute and one position.
  expect(move).toMatchObject({ dispute: before.id, sequence: before.sequence });
  expect(after).toMatchObject({ id: before.id, sequence: before.sequence + 1 });
  // The claim on trial never changes, but that its salt is taken off.
  if (move.kind !== "reveal") expect(after.claim).toEqual(before.claim);
  expect(after.claim.receipt).toBe(before.claim.receipt);
  const shown = move.kind === "timeout" ? 0 : moveBytes(move);
  expect(shown).toBeLessThanOrEqual(moveLimit(rules, move.kind));
  expect(after.moveBytes).toBe(before.moveBytes + shown);
  checkClock(rules, before, now, after);
  checkSize(rules, after);
}

function checkClock(rules: Rules, before: DisputeState, now: number, after: DisputeState): void {
  const mover = moverOf(before);
  const next = moverOf(after);
  if (!mover || !next) return;
  // Time is charged to who moved and to nobody else; who is next has time to answer.
  const charged = before.clock[mover] - (now - before.clock.since);
  expect(after.clock.since).toBe(now);
  const topUp = (side: "asserter" | "challenger", left: number): number =>
    side === next ? Math.max(left, rules.clock.extension) : left;
  const other = mover === "asserter" ? "challenger" : "asserter";
  expect(after.clock[mover]).toBe(topUp(mover, charged));
  expect(after.clock[other]).toBe(topUp(other, before.clock[other]));
}

/** Characters of a hash in JSON, with quotes and comma, and of a cursor around one. */
const HASH = 69;
const CURSOR = HASH + 60;

function checkSize(rules: Rules, state: DisputeState): void {
  const { plan } = rules;
  // Plain data, no longer than what one move may show, and over in a known number of moves.
  const text = JSON.stringify(state);
  expect(JSON.parse(text)).toEqual(state);
  const live = plan.segments.map((s) => s.live.length);
  const results = plan.segments.map((s) =>
    plan.nodes.slice(s.first, s.end).reduce((sum, n) => sum + n.outputs.length, 0),
  );
  const boundary = HASH * (2 * Math.max(...live) + Math.max(...results));
  // Of what has been shown, an operator's bytes or a stretch's tiles are kept, as hex.
  const shown = 2 * Math.min(state.moveBytes, 2 ** 17);
  expect(text.length).toBeLessThan(3000 + boundary + CURSOR * MAX_HASHES + shown);
  expect(state.sequence).toBeLessThanOrEqual(longestGame(rules));
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
