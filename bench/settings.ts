/** How thorough a run is. `tiny` shrinks the work itself and only shows that a benchmark runs. */
export type Scale = "full" | "quick" | "tiny";

export interface Settings {
  readonly scale: Scale;
  /** Every subject runs at least this long before it is timed: V8 compiles hot code late. */
  readonly warmMs: number;
  /** Time for the rounds of one comparison; `minRounds` are made in any case. */
  readonly budgetMs: number;
  readonly minRounds: number;
  /** After this long, three rounds are enough: some subjects take seconds a round. */
  readonly limitMs: number;
  /** Told what is being measured now. */
  readonly progress: (text: string) => void;
}

const EFFORT = {
  full: { warmMs: 300, budgetMs: 2500, minRounds: 9, limitMs: 8000 },
  quick: { warmMs: 150, budgetMs: 300, minRounds: 3, limitMs: 3000 },
  tiny: { warmMs: 0, budgetMs: 0, minRounds: 1, limitMs: 0 },
} as const;

export function settingsFor(scale: Scale, progress: Settings["progress"] = () => {}): Settings {
  return { scale, ...EFFORT[scale], progress };
}
