import { type LoadFigures, ledgerLoad } from "../ledger-load.js";
import type { Column, Report, Row } from "../report.js";
import type { Settings } from "../settings.js";

const COLUMNS: readonly Column[] = [
  { key: "disputes", label: "disputes at once", digits: 0 },
  { key: "convicted", label: "convicted", digits: 0 },
  { key: "moves", label: "moves", digits: 0 },
  { key: "seconds", label: "s", digits: 1 },
  { key: "rate", label: "moves/s", digits: 0 },
  { key: "median", label: "ms per move, median", digits: 1 },
  { key: "slow", label: "ms, 99 %", digits: 1 },
  { key: "before", label: "ledger MiB before", digits: 0 },
  { key: "most", label: "ledger MiB at most", digits: 0 },
];

const SIZES = { full: [1, 10, 100], quick: [10, 100], tiny: [2] } as const;

/** What a ledger of separate processes bears: disputes at once, over HTTP, every event synced to the disk. */
export async function benchLedger(settings: Settings): Promise<Report> {
  const rows: Row[] = [];
  for (const disputes of SIZES[settings.scale]) {
    rows.push(rowOf(await ledgerLoad(disputes, settings.progress)));
  }
  return {
    name: "ledger",
    title: "Ledger: disputes at once",
    tables: [
      { title: "One job whose executors all lie; each is challenged", columns: COLUMNS, rows },
    ],
    targets: [],
    notes: [
      "the ledger has a process of its own; all parties share another, which also replays every event with the rules and makes all moves",
      "a move counts from sending it to having it back in the replayed log; the challenger is one account, whose messages go one after another",
    ],
  };
}

function rowOf(figures: LoadFigures): Row {
  const { disputes, convicted, moves, seconds, latencies, memoryBefore, memoryMost } = figures;
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? 0;
  return {
    disputes,
    convicted,
    moves,
    seconds,
    rate: moves / seconds,
    median: at(0.5),
    slow: at(0.99),
    before: memoryBefore / 2 ** 20,
    most: memoryMost / 2 ** 20,
  };
}
