import { deadline, passTurn } from "./clock.js";
import { moveLimit } from "./move-limit.js";
import type { Body, Move, MoveKind, Side } from "./moves.js";
import { MOVE_BYTES, moveBytes } from "./moves.js";
import { readEnvelope } from "./reading.js";
import { demand, MoveRefused, type Refusal } from "./refusals.js";
import type { Rules } from "./rules.js";
import type { DisputeState, Phase, PhaseName } from "./state.js";
import { openBoundaries } from "./steps/boundaries.js";
import { hashes, select } from "./steps/descend.js";
import { openPartials, selectSpan } from "./steps/fold.js";
import { openInputs } from "./steps/input.js";
import {
  descendSlices,
  descendTensor,
  nameElement,
  openIntermediates,
  openTile,
  pickElement,
} from "./steps/inside.js";
import { accuse, challengeInputs, descend, nameSegment } from "./steps/locate.js";
import { openOperator } from "./steps/operator.js";
import { openPath } from "./steps/path.js";
import { openReads } from "./steps/reads.js";
import { reveal } from "./steps/reveal.js";
import { nameOperator, openSegment } from "./steps/segment.js";
import type { Next, Step, StepContext } from "./steps/step.js";

type OpenPhase = Exclude<PhaseName, "ended">;

type Row<N extends PhaseName> = {
  /** Whose turn it is. */
  readonly mover: Side;
  /** The kinds of move that it may answer with; a timeout is possible in every phase. */
  readonly moves: { readonly [K in MoveKind]?: Step<N, K> };
};

/** The whole protocol: who may do what when, and what checks it. */
export const TABLE: { readonly [N in OpenPhase]: Row<N> } = {
  reveal: { mover: "asserter", moves: { reveal } },
  locate: { mover: "challenger", moves: { descend, nameSegment, accuse, challengeInputs } },
  openPath: { mover: "asserter", moves: { openPath: openPath(applyBody) } },
  openInputs: { mover: "asserter", moves: { openInputs } },
  openNode: { mover: "asserter", moves: { hashes } },
  selectNode: { mover: "challenger", moves: { select } },
  openBoundaries: { mover: "asserter", moves: { openBoundaries } },
  openSegment: { mover: "asserter", moves: { openSegment } },
  nameOperator: { mover: "challenger", moves: { nameOperator } },
  openOperator: { mover: "asserter", moves: { openOperator } },
  openIntermediates: { mover: "asserter", moves: { openIntermediates } },
  locateElement: { mover: "challenger", moves: { descendTensor, descendSlices, nameElement } },
  openTile: { mover: "asserter", moves: { openTile } },
  pickElement: { mover: "challenger", moves: { pickElement } },
  openPartials: { mover: "asserter", moves: { openPartials } },
  selectSpan: { mover: "challenger", moves: { selectSpan } },
  openReads: { mover: "asserter", moves: { openReads } },
};

export type Transition = { readonly state: DisputeState } | { readonly refusal: Refusal };

/** Whose turn it is, or undefined once the dispute has ended. */
export function moverOf(state: DisputeState): Side | undefined {
  return state.phase.name === "ended" ? undefined : TABLE[state.phase.name].mover;
}

/** The kinds of move that are due. */
export function expectedMoves(state: DisputeState): MoveKind[] {
  if (state.phase.name === "ended") return [];
  return Object.keys(TABLE[state.phase.name].moves) as MoveKind[];
}

/**
 * The referee. Pure: it keeps nothing, asks nobody and knows no time but `now` (milliseconds). A move
 * that is refused changes nothing. Total: whatever `move` is, it is answered. Only a failure of
 * `rules.recompute` is thrown on.
 */
export function transition(
  rules: Rules,
  state: DisputeState,
  move: unknown,
  now: number,
): Transition {
  try {
    readEnvelope(move);
    return { state: advance(rules, state, move, now) };
  } catch (error) {
    if (!(error instanceof MoveRefused)) throw error;
    return { refusal: { code: error.code, message: error.message } };
  }
}

function advance(rules: Rules, state: DisputeState, move: Move, now: number): DisputeState {
  const { phase } = state;
  if (phase.name === "ended") throw new MoveRefused("ended", "nothing more can be said");
  const { mover } = TABLE[phase.name];
  demand(move.dispute === state.id, "wrong-dispute", `this is dispute ${state.id}`);
  demand(move.sequence === state.sequence, "wrong-sequence", `this is move ${state.sequence}`);
  demand(now >= state.clock.since, "clock-backwards", `${now} is before ${state.clock.since}`);
  const last = deadline(state.clock, mover);
  if (move.kind === "timeout") {
    demand(now > last, "too-early", `the ${mover} has until ${last}`);
    const expected = expectedMoves(state);
    const outcome = { kind: "defaulted", side: mover, expected } as const;
    return { ...state, sequence: state.sequence + 1, phase: { name: "ended", outcome } };
  }
  demand(move.sender === mover, "wrong-sender", `it is the ${mover}'s turn`);
  demand(now <= last, "late", `the ${mover} had until ${last}`);
  const size = moveBytes(move);
  if (size > MOVE_BYTES) {
    // Looks through the plan, so it is asked for long moves only: it is never less than MOVE_BYTES.
    const longest = moveLimit(rules, move.kind);
    demand(size <= longest, "too-long", `it has ${size} bytes, at most ${longest} are allowed`);
  }
  const shown = state.moveBytes + size;
  const context = { rules, claim: state.claim, moveBytes: shown };
  const next = stepFor(phase, move)(context);
  const nextMover = next.phase.name === "ended" ? mover : TABLE[next.phase.name].mover;
  return {
    id: state.id,
    claim: next.claim ?? state.claim,
    sequence: state.sequence + 1,
    phase: next.phase,
    clock: passTurn(rules.clock, state.clock, mover, nextMover, now),
    moveBytes: shown,
  };
}

/** The table's entry for this phase and kind of move, which its types tie together. */
function stepFor(phase: Exclude<Phase, { name: "ended" }>, move: Body): (c: StepContext) => Next {
  const moves = TABLE[phase.name].moves as Partial<Record<MoveKind, AnyStep>>;
  const step = moves[move.kind];
  demand(step !== undefined, "wrong-phase", `due is ${Object.keys(moves).join(" or ")}`);
  return (context) => step(context, phase, move);
}

/** A body in a phase, for a path: moves of either side without envelope and clock. */
function applyBody(context: StepContext, phase: Phase, body: Body): Next {
  if (phase.name === "ended") throw new RangeError("nothing follows the end");
  return stepFor(phase, body)(context);
}

type AnyStep = (context: StepContext, phase: Phase, move: Body) => Next;
