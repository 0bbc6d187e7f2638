import { nodeCost } from "../graph/cost.js";
import type { PlanNode } from "../graph/plan.js";
import { tensorGeometry } from "../merkle/geometry.js";
import type { Digest } from "../merkle/hash.js";
import type { Receipt } from "../receipt/receipt.js";
import type { Budget } from "./budget.js";
import { deadline } from "./clock.js";
import { roundsToLeaf } from "./descend.js";
import type { Outcome } from "./evidence.js";
import {
  type Move,
  type MoveKind,
  moveBytes,
  OPERATOR_PART,
  type Sender,
  type Side,
} from "./moves.js";
import type { Party } from "./party.js";
import type { Refusal } from "./refusals.js";
import type { Rules } from "./rules.js";
import { foldRounds, stretchSteps } from "./spans.js";
import { startDispute } from "./start.js";
import type { DisputeState } from "./state.js";
import { isRecomputedWhole } from "./steps/inside.js";
import { sliceCount, type Target, targetOf, targetsInOrder } from "./targets.js";
import { moverOf, transition } from "./transition.js";

export interface Game {
  readonly rules: Rules;
  readonly receipt: Receipt;
  readonly nonce: Digest;
  readonly asserter: Party;
  readonly challenger: Party;
  readonly clock: GameClock;
  /** Another referee of the same rules; `transition` unless given. */
  readonly referee?: typeof transition;
}

/** The time of a game, in milliseconds, and a way to let it pass. */
export interface GameClock {
  now(): number;
  waitUntil(time: number): Promise<void>;
}

/** A clock that stands still until somebody waits: for games within one process. */
export function virtualClock(start = 0): GameClock {
  let now = start;
  return {
    now: () => now,
    waitUntil: async (time) => {
      now = Math.max(now, time);
    },
  };
}

export interface TranscriptEntry {
  readonly sequence: number;
  readonly sender: Sender;
  readonly kind: MoveKind;
  readonly bytes: number;
  readonly at: number;
  /** Null where the move was accepted. */
  readonly refusal: Refusal | null;
}

export interface DisputeRecord {
  readonly outcome: Outcome;
  readonly state: DisputeState;
  readonly transcript: readonly TranscriptEntry[];
  /** Moves accepted. */
  readonly rounds: number;
  readonly moveBytes: number;
}

/** Who stubbornly sends what is refused is taken to have nothing better. */
const MAX_REFUSALS = 3;

/**
 * Most moves that a dispute can take: reveal, descend, two per round of the descent, boundaries,
 * segment, name; then the parts of an operator, or the way into it: intermediates, two per round in
 * the slices, in a tensor and in a fold, tile and element, and a move per tile that a stretch reads. A timeout
 * stands for one of them.
 */
export function longestGame(rules: Pick<Rules, "plan" | "budget">): number {
  const { plan, budget } = rules;
  const inside = plan.nodes.map((node, n) => {
    if (isRecomputedWhole(rules, n)) {
      return Math.ceil(nodeCost(plan, node).bytes / OPERATOR_PART) + 1;
    }
    const targets = targetsInOrder(node).map((target) => targetMoves(budget, node, target));
    const list = sliceCount(node) === 0 ? 0 : 2 * roundsToLeaf(sliceCount(node));
    return 2 + list + Math.max(...targets);
  });
  return 6 + 2 * roundsToLeaf(plan.segments.length) + Math.max(0, ...inside);
}

function targetMoves(budget: Budget, node: PlanNode, target: number): number {
  const { stage, type } = targetOf(node, target) as Target;
  const tiles = tensorGeometry(type.dtype, type.dims).tiles;
  const reads = [stage.program.step, stage.program.finish].flatMap((body) =>
    body.code.filter((i) => i.kind === "read"),
  );
  const shown = reads.length * stretchSteps(budget, stage.program);
  return 3 + 2 * roundsToLeaf(tiles) + 2 * foldRounds(budget, stage.program) + shown;
}

/**
 * Drives a dispute to its end: asks whoever's turn it is, gives the answer to the referee, and calls
 * the time where nothing comes. A receipt that the rules are not about yields the refusal.
 */
export async function playDispute(game: Game): Promise<DisputeRecord | { refusal: Refusal }> {
  const { rules, clock, referee = transition } = game;
  const started = startDispute(rules, { ...game, now: clock.now() });
  if ("refusal" in started) return started;
  let { state } = started;
  const transcript: TranscriptEntry[] = [];
  let refused = 0;
  for (let mover = moverOf(state); mover; mover = moverOf(state)) {
    const answer = refused < MAX_REFUSALS ? await game[mover].respond(state) : undefined;
    const move = answer ?? (await timeoutMove(state, mover, clock));
    const at = clock.now();
    const result = referee(rules, state, move, at);
    const refusal = "refusal" in result ? result.refusal : null;
    transcript.push(entryOf(move, at, refusal));
    refused = refusal ? refused + 1 : 0;
    if ("state" in result) state = result.state;
  }
  return recordOf(state, transcript);
}

async function timeoutMove(state: DisputeState, mover: Side, clock: GameClock): Promise<Move> {
  await clock.waitUntil(deadline(state.clock, mover) + 1);
  return { dispute: state.id, sequence: state.sequence, sender: "anyone", kind: "timeout" };
}

function entryOf(move: Move, at: number, refusal: Refusal | null): TranscriptEntry {
  const { sequence, sender, kind } = move;
  return { sequence, sender, kind, bytes: moveBytes(move), at, refusal };
}

function recordOf(state: DisputeState, transcript: readonly TranscriptEntry[]): DisputeRecord {
  if (state.phase.name !== "ended") throw new RangeError("the dispute has not ended");
  const { sequence: rounds, moveBytes: bytes } = state;
  return { outcome: state.phase.outcome, state, transcript, rounds, moveBytes: bytes };
}
