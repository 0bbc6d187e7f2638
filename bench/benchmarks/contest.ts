import { POLICIES, POPULATIONS, playersOf } from "../contest-populations.js";
import { type Figures, simulate } from "../contest-simulation.js";
import type { Column, Report, Row } from "../report.js";
import type { Settings } from "../settings.js";

const COLUMNS: readonly Column[] = [
  { key: "executors", label: "executors", digits: 0 },
  { key: "lies", label: "the others' claims" },
  { key: "mean", label: "rounds, mean", digits: 1 },
  { key: "rounds", label: "rounds, most", digits: 0 },
  { key: "log", label: "⌈log₂ N⌉", digits: 0 },
  { key: "decided", label: "disputes decided", digits: 0 },
  { key: "opened", label: "opened", digits: 0 },
  { key: "minutes", label: "minutes, most", digits: 1 },
  { key: "hours", label: "hours with 1 % slow, 5 % silent, most", digits: 1 },
];

const SIZES = { full: [2, 8, 64, 512], quick: [2, 8, 64, 512], tiny: [2, 8] } as const;
const SEEDS = { full: 20, quick: 2, tiny: 1 } as const;
const SLOW = { slow: 0.01, silent: 0.05 };

/** What a contest takes with one honest executor among many, whoever the others are. */
export async function benchContest(settings: Settings): Promise<Report> {
  const rows: Row[] = [];
  for (const n of SIZES[settings.scale]) {
    const all = Object.keys(POPULATIONS);
    for (const lies of n === 2 ? all.slice(0, 1) : all) {
      settings.progress(`contest: ${n} executors, ${lies}`);
      rows.push(rowOf(n, lies, SEEDS[settings.scale]));
    }
  }
  return {
    name: "contest",
    title: "Contests: one honest executor among many",
    tables: [{ title: "Simulated, without the disputes themselves", columns: COLUMNS, rows }],
    targets: [],
    notes: [
      `most: over ${Object.keys(POLICIES).length} policies of how matches between dishonest executors end, ${SEEDS[settings.scale]} seeds each, with and without slow and silent executors`,
      "a dispute has 6 to 30 moves; an answer takes 2 s, a slow side uses its clock up to the last second, a silent one never moves; 4 h per side, 15 min extension",
      "saboteurs claim what the honest one claims and lose as the policy says; what is opened and not decided became moot because a side fell elsewhere",
    ],
  };
}

function rowOf(n: number, lies: string, seeds: number): Row {
  const prompt = figuresOf(n, lies, seeds, {});
  const delayed = figuresOf(n, lies, seeds, SLOW);
  const all = [...prompt, ...delayed];
  const most = (figures: readonly Figures[], key: keyof Figures): number =>
    Math.max(...figures.map((f) => f[key]));
  return {
    executors: n,
    lies: n === 2 ? "one lie" : lies,
    mean: all.reduce((sum, f) => sum + f.rounds, 0) / all.length,
    rounds: most(all, "rounds"),
    log: Math.ceil(Math.log2(n)),
    decided: most(all, "decided"),
    opened: most(all, "opened"),
    minutes: most(prompt, "ms") / 60_000,
    hours: most(delayed, "ms") / 3600_000,
  };
}

function figuresOf(n: number, lies: string, seeds: number, paces: typeof SLOW | object): Figures[] {
  const claims = POPULATIONS[lies] as (typeof POPULATIONS)[string];
  return Object.values(POLICIES).flatMap((policy) =>
    Array.from({ length: seeds }, (_, seed) =>
      simulate(playersOf(claims, n, seed, paces), policy, seed),
    ),
  );
}
