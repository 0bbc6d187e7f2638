import { deadline, passTurn, startClock } from "../src/dispute/clock.js";
import type { Side } from "../src/dispute/moves.js";
import type { ClockRules } from "../src/dispute/rules.js";
import { hashParts } from "../src/merkle/hash.js";
import { nodeHasher } from "../src/merkle/node-hash.js";
import { type Pairing, pairings, type Standing } from "../src/settlement/contest.js";

/**
 * Contests without their disputes: who wins a match is decided by what the two are, and between the
 * dishonest by a policy of the attacker. One of them is honest: it never loses, and wins against
 * every other root.
 */
export interface Player {
  readonly id: string;
  readonly root: string;
  readonly honest: boolean;
  /** A slow one uses its clock up to the last second, a silent one never moves. */
  readonly pace: "ordinary" | "slow" | "silent";
}

/** What the attacker knows of a match. */
export interface Match {
  readonly asserter: Contender;
  readonly challenger: Contender;
  /** How many standing receipts claim a root. */
  readonly holders: ReadonlyMap<string, number>;
}

export type Contender = Player & Standing;

/** Which side wins where neither is honest. */
export type Policy = (match: Match, random: () => number) => Side;

export interface Figures {
  readonly rounds: number;
  readonly opened: number;
  readonly decided: number;
  /** Opened and never decided, because a side fell in another match. */
  readonly moot: number;
  /** From the first round to the end of the last, without the waits for a beacon between them. */
  readonly ms: number;
}

export const CLOCK: ClockRules = { perSide: 4 * 3600_000, extension: 900_000 };
const ANSWER = 2000;
/** Accepted moves of a dispute, at least and at most. */
const MOVES = [6, 30] as const;

export function simulate(players: readonly Player[], policy: Policy, seed: number): Figures {
  const random = randomFrom(seed);
  let standing: Contender[] = players.map((p) => ({ ...p, wins: 0 }));
  const total = { rounds: 0, opened: 0, decided: 0, moot: 0, ms: 0 };
  for (;;) {
    const pairs = pairings(nodeHasher, roundSeed(seed, total.rounds), standing);
    if (pairs.length === 0) return total;
    const { lost, won, ms } = playRound(standing, pairs, policy, random);
    standing = standing
      .filter(({ id }) => !lost.has(id))
      .map((p) => ({ ...p, wins: p.wins + (won.get(p.id) ?? 0) }));
    total.rounds++;
    total.opened += pairs.length;
    total.decided += lost.size;
    total.moot += pairs.length - lost.size;
    total.ms += ms;
  }
}

/** All matches at once; one whose side has fallen when it would end is moot. */
function playRound(
  standing: readonly Contender[],
  pairs: readonly Pairing[],
  policy: Policy,
  random: () => number,
) {
  const byId = new Map(standing.map((p) => [p.id, p]));
  const holders = countBy(standing, ({ root }) => root);
  const ends = pairs.map(({ asserter, challenger }) => {
    const sides = { asserter: byId.get(asserter), challenger: byId.get(challenger) };
    const match = { ...(sides as Record<Side, Contender>), holders };
    return { match, ...endOf(match, policy, random) };
  });
  const lost = new Set<string>();
  const won = new Map<string, number>();
  let ms = 0;
  for (const end of ends.sort((a, b) => a.ms - b.ms)) {
    const loser = end.match[end.winner === "asserter" ? "challenger" : "asserter"].id;
    const winner = end.match[end.winner].id;
    if (lost.has(loser) || lost.has(winner)) continue;
    lost.add(loser);
    won.set(winner, (won.get(winner) ?? 0) + 1);
    ms = end.ms;
  }
  return { lost, won, ms };
}

/** Who wins and when: by silence, by honesty, or as the attacker likes. */
function endOf(match: Match, policy: Policy, random: () => number): { winner: Side; ms: number } {
  const moves = MOVES[0] + Math.floor(random() * (MOVES[1] - MOVES[0] + 1));
  let clock = startClock(CLOCK, 0);
  let mover: Side = "challenger";
  for (let i = 0; i < moves; i++) {
    const next: Side = mover === "challenger" ? "asserter" : "challenger";
    const { pace } = match[mover];
    if (pace === "silent") return { winner: next, ms: deadline(clock, mover) + 1 };
    const at = pace === "slow" ? deadline(clock, mover) - 1000 : clock.since + ANSWER;
    clock = passTurn(CLOCK, clock, mover, next, at);
    mover = next;
  }
  const ms = clock.since;
  if (match.asserter.honest) return { winner: "asserter", ms };
  if (match.challenger.honest) return { winner: "challenger", ms };
  return { winner: policy(match, random), ms };
}

function roundSeed(seed: number, round: number): Uint8Array {
  return hashParts(nodeHasher, new TextEncoder().encode(`${seed}/${round}`));
}

export function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

/** Numbers from 0 up to 1 (mulberry32), the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
