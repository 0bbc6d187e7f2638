import type { Side } from "./moves.js";
import type { ClockRules } from "./rules.js";
import type { ClockState } from "./state.js";

/**
 * A chess clock: only the side to move uses time. Whenever a turn begins, that side has at least
 * the extension, so that nobody is handed a turn that cannot be answered. A dispute of m moves
 * therefore takes at most 2 · perSide + m · extension.
 */
export function startClock(rules: ClockRules, now: number): ClockState {
  const each = Math.max(rules.perSide, rules.extension);
  return { asserter: each, challenger: each, since: now };
}

/** The last moment at which the side to move may still move. */
export function deadline(clock: ClockState, mover: Side): number {
  return clock.since + clock[mover];
}

/** The clock once `mover` has moved at `now` and it is `next`'s turn. */
export function passTurn(
  rules: ClockRules,
  clock: ClockState,
  mover: Side,
  next: Side,
  now: number,
): ClockState {
  const charged = { ...clock, [mover]: clock[mover] - (now - clock.since), since: now };
  return { ...charged, [next]: Math.max(charged[next], rules.extension) };
}
