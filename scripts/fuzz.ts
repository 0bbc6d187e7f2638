import { fork } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MOST_SECONDS, type Outcome } from "../test/fuzz/case.js";
import type { Batch, Report } from "./fuzz-worker.js";

/**
 *   npm run fuzz                                   100 000 damaged models, from seed 1
 *   npm run fuzz -- --seed 70001 --cases 30000     goes on where a run ended
 *   npm run fuzz -- --minutes 10                   ends after ten minutes and says the next seed
 *   npm run fuzz -- --seed 4711 --cases 1          one case again
 *
 * Every case is a model of $ASSAY_DATA or of our own, damaged as its seed says, then read, bound and
 * hashed. It must end in a plan or in a typed error, within `MOST_SECONDS` of processor time and
 * `mostBytes`. A child process runs the cases: one that never ends or dies is a failure with a seed.
 * Exits with 1 where a case failed.
 */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const DATA = resolve(process.env.ASSAY_DATA ?? join(ROOT, "../shared/data"));
/** Milliseconds without a word: a machine may be busy, a case may not hang. */
const PATIENCE = 60_000;
const HEAP = "--max-old-space-size=1024";

interface Totals {
  readonly ended: Map<string, number>;
  cases: number;
  failures: number;
  seconds: number;
  bytes: number;
}

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    cases: { type: "string", default: "100000" },
    minutes: { type: "string", default: "1440" },
  },
});
const [first, cases, minutes] = [values.seed, values.cases, values.minutes].map(Number) as [
  number,
  number,
  number,
];
const deadline = Date.now() + minutes * 60_000;
const totals: Totals = { ended: new Map(), cases: 0, failures: 0, seconds: 0, bytes: 0 };

function count(seed: number, { ended, seconds, bytes, failure }: Outcome): void {
  totals.cases++;
  totals.ended.set(ended, (totals.ended.get(ended) ?? 0) + 1);
  totals.seconds = Math.max(totals.seconds, seconds);
  totals.bytes = Math.max(totals.bytes, bytes);
  if (failure !== undefined) fail(failure);
  if (totals.cases % 1000 === 0)
    console.log(`${totals.cases}/${cases}: ${summary()}, seed ${seed}`);
}

function fail(what: string): void {
  totals.failures++;
  console.error(what);
}

function summary(): string {
  const mebibytes = (totals.bytes / 2 ** 20).toFixed(1);
  const longest = totals.seconds.toFixed(2);
  return `${totals.failures} failed, longest ${longest} s, most ${mebibytes} MiB`;
}

/** Runs cases from `seed` on in one child; yields the seed after the last that was begun. */
function runChild(seed: number, until: number): Promise<number> {
  return new Promise((finish) => {
    const child = fork(join(ROOT, "scripts/fuzz-worker.ts"), {
      execArgv: [...process.execArgv, HEAP],
    });
    let current = seed;
    let done = false;
    let watch = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    child.on("message", ({ seed: at, outcome }: Report) => {
      clearTimeout(watch);
      watch = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
      current = at;
      done = outcome !== undefined;
      if (outcome) count(at, outcome);
      if (outcome && Date.now() > deadline && child.connected) child.disconnect();
    });
    child.on("exit", (code, signal) => {
      clearTimeout(watch);
      if (!done)
        fail(
          `seed ${current}: the process ended (${signal ?? code}); a case has ${MOST_SECONDS} s`,
        );
      finish(current + 1);
    });
    child.send({ first: seed, count: until - seed, data: DATA } satisfies Batch);
  });
}

const until = first + cases;
let next = first;
while (next < until && Date.now() <= deadline) next = await runChild(next, until);
console.log(`${totals.cases} cases from seed ${first}: ${summary()}`);
for (const [ended, n] of [...totals.ended].sort((a, b) => b[1] - a[1]))
  console.log(`  ${n} ${ended}`);
if (next < until) console.log(`next: --seed ${next} --cases ${until - next}`);
if (totals.failures > 0) process.exitCode = 1;
