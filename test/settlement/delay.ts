import { DEFAULT_PARAMETERS } from "../../src/settlement/parameters.js";

/** What an attacker loses per hour of delay, under the default parameters: the table of docs/settlement.md. */

const HOUR = 3600_000;
const { bonds, fees, windows, clock } = DEFAULT_PARAMETERS;

export interface Delay {
  readonly how: string;
  readonly hours: number;
  readonly cost: number;
}

/** A side that takes its last moment in each of its turns, against one that answers at once. */
export function slowSide(turns: number): number {
  return clock.perSide + (turns - 1) * clock.extension;
}

/** Two that do so against each other. */
export function slowBoth(moves: number): number {
  return 2 * clock.perSide + (moves - 2) * clock.extension;
}

const TURNS = 15;

/** Rounds that 2^r − 1 liars who all differ play against one honest executor, and what they get back. */
export function sybils(rounds: number): Delay {
  const liars = 2 ** rounds - 1;
  const time = (rounds - 1) * slowBoth(2 * TURNS) + slowSide(TURNS);
  // Of the liars that fall, all but one a round fall to another liar, who is paid as a challenger.
  const among = liars - rounds;
  const back = among * (fees.conviction + TURNS * (fees.move + fees.kibibyte));
  const cost = liars * bonds.executor - back;
  const hours = Math.max(0, time - windows.challenge) / HOUR;
  return {
    how: `lying executors that all differ, against one that is right: ${liars}`,
    hours,
    cost,
  };
}

const [shallow = 0, , , deep = 0] = bonds.challenger;

export const DELAYS: readonly Delay[] = [
  {
    how: "challenge in the last moment of the window, and be silent",
    hours: slowSide(1) / HOUR,
    cost: shallow,
  },
  {
    how: "the same, and move in the last moment, 3 turns in the trace",
    hours: slowSide(3) / HOUR,
    cost: shallow,
  },
  {
    how: "the same, 15 turns down to a fold",
    hours: slowSide(TURNS) / HOUR,
    cost: deep,
  },
  { how: "be drawn, and absent, where `commitWithin` is 1 h", hours: 1, cost: bonds.absence },
  { how: "the same, where it is 24 h", hours: windows.commit / HOUR, cost: bonds.absence },
  { how: "commit, and not reveal", hours: windows.reveal / HOUR, cost: bonds.executor },
  ...[1, 2, 3, 4, 5].map(sybils),
];

const group = (n: number): string => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, " ");

export function delayTable(): string {
  const rows = DELAYS.map(({ how, hours, cost }) => {
    const each = hours === 0 ? "no delay" : group(cost / hours);
    return `| ${how} | ${hours} | ${group(cost)} | ${each} |`;
  });
  return ["| how | hours | lost | per hour |", "| --- | --: | --: | --: |", ...rows].join("\n");
}
