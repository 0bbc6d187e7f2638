import type { Settings } from "./settings.js";

/** Something that is timed. */
export interface Subject {
  readonly name: string;
  /** Not timed; called before every timed stretch. */
  prepare?(): Promise<void>;
  run(): void | Promise<void>;
}

/** Milliseconds of one call. */
export interface Timing {
  readonly name: string;
  readonly min: number;
  readonly median: number;
  /** One figure per round, in order: the rounds of all subjects of a comparison belong together. */
  readonly rounds: readonly number[];
}

export type Clock = () => number;

/** Calls shorter than this are repeated within one timed stretch: the clock has limits. */
const STRETCH_MS = 2;
const MAX_ROUNDS = 400;
/** A median of fewer says nothing. */
const LEAST_ROUNDS = 3;

export type Effort = Pick<Settings, "warmMs" | "budgetMs" | "minRounds"> &
  Partial<Pick<Settings, "limitMs">>;

/**
 * Times subjects against each other. They take turns, A B C then C B A, so that a machine that
 * slows down or speeds up does so for all of them; each is warmed up first.
 */
export async function compare(
  subjects: readonly Subject[],
  settings: Effort,
  now: Clock = () => performance.now(),
): Promise<Timing[]> {
  const repeats: number[] = [];
  for (const subject of subjects) repeats.push(await warmUp(subject, settings.warmMs, now));
  const rounds = subjects.map((): number[] => []);
  const start = now();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (isEnough(round, now() - start, settings)) break;
    const order = [...subjects.keys()];
    if (round % 2 === 1) order.reverse();
    for (const i of order) {
      const elapsed = await stretch(subjects[i] as Subject, repeats[i] as number, now);
      (rounds[i] as number[]).push(elapsed);
    }
  }
  return subjects.map(({ name }, i) => timingOf(name, rounds[i] as number[]));
}

function isEnough(round: number, elapsed: number, effort: Effort): boolean {
  const { budgetMs, minRounds, limitMs = Number.POSITIVE_INFINITY } = effort;
  if (round >= minRounds) return elapsed >= budgetMs;
  return round >= LEAST_ROUNDS && elapsed >= limitMs;
}

/** A first call that takes this many times the warm-up is warm-up enough. */
const LONG_CALL = 4;

/**
 * Runs a subject until it is warm; yields how many calls make a stretch long enough to time. The first
 * call does not count: it may compile (onnxruntime-web: 0.2 s for a model that then takes 0.1 ms).
 */
async function warmUp(subject: Subject, warmMs: number, now: Clock): Promise<number> {
  let fastest = await stretch(subject, 1, now);
  const start = now();
  while (now() - start < warmMs && fastest < LONG_CALL * warmMs) {
    fastest = Math.min(fastest, await stretch(subject, 1, now));
  }
  return Math.max(1, Math.min(1000, Math.ceil(STRETCH_MS / Math.max(fastest, 1e-3))));
}

async function stretch(subject: Subject, repeats: number, now: Clock): Promise<number> {
  await subject.prepare?.();
  const start = now();
  for (let i = 0; i < repeats; i++) {
    const pending = subject.run();
    if (pending) await pending;
  }
  return (now() - start) / repeats;
}

function timingOf(name: string, rounds: readonly number[]): Timing {
  return { name, min: Math.min(...rounds), median: median(rounds), rounds };
}

/** How many times as long `other` takes as `subject`, above 1 where `subject` is faster. */
export interface Ratio {
  /** Of the fastest rounds: what the code can do; hardly moved by other load. */
  readonly ofMins: number;
  /** Median of the ratios within each round: what it did, side by side. */
  readonly paired: number;
}

export function ratioOf(subject: Timing, other: Timing): Ratio {
  const pairs = subject.rounds.map((t, i) => (other.rounds[i] as number) / t);
  return { ofMins: other.min / subject.min, paired: median(pairs) };
}

/** The fastest of some timings, by their minima. */
export function fastest(timings: readonly Timing[]): Timing {
  return timings.reduce((best, t) => (t.min < best.min ? t : best));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
}
