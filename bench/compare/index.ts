import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { hostFacts, hostText } from "../host.js";
import { type Column, type Row, reportText } from "../report.js";
import { build, checkOut } from "./checkout.js";
import { type Duel, duel } from "./duel.js";
import { SECTIONS } from "./sections.js";
import { verdictOf } from "./verdict.js";

const HELP = `npm run bench:compare -- <revision> [options]

Measures this working tree against another revision, in turns, in separate processes.

  --only a,b        these sections: ${Object.keys(SECTIONS).join(", ")}
  --quick           one pair of processes, few rounds: for a look
  --fail-above 1.1  exit code 1 where a section is slower by more than this, beyond the noise
  --help            this text
`;

const EFFORT = { pairs: 3, warmMs: 400, budgetMs: 1500, minRounds: 7 } as const;
const QUICK = { pairs: 1, warmMs: 100, budgetMs: 300, minRounds: 5 } as const;

const ROOT = resolve(import.meta.dirname, "../..");

const COLUMNS: readonly Column[] = [
  { key: "section", label: "section" },
  { key: "oldMs", label: "old ms", digits: 3 },
  { key: "newMs", label: "new ms", digits: 3 },
  { key: "ratio", label: "new ÷ old", digits: 3 },
  { key: "spread", label: "half of the rounds" },
  { key: "word", label: "" },
];

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      "fail-above": { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const [revision] = positionals;
  if (values.help || revision === undefined || positionals.length > 1) {
    (values.help ? process.stdout : process.stderr).write(HELP);
    return values.help ? 0 : 2;
  }
  const limit = limitOf(values["fail-above"]);
  const names = chosen(values.only);
  const older = checkOut(ROOT, revision);
  const models = mkdtempSync(join(tmpdir(), "assay-compare-models-"));
  process.once("exit", () => rmSync(models, { recursive: true, force: true }));
  process.stderr.write(`… building ${older.commit.slice(0, 12)} and this tree\n`);
  build(older.folder);
  build(ROOT);
  const rows: Row[] = [];
  for (const name of names) {
    process.stderr.write(`… ${name}\n`);
    const section = (SECTIONS[name] as (typeof SECTIONS)[string])(models);
    rows.push(
      rowOf(name, await duel([older.folder, ROOT], section, values.quick ? QUICK : EFFORT)),
    );
  }
  print(revision, older.commit, rows);
  return rows.some((r) => String(r.word).startsWith("SLOWER") && (r.ratio as number) > limit)
    ? 1
    : 0;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const limit = Number(text);
  if (!(limit >= 1)) throw new RangeError(`--fail-above is a number from 1, not "${text}"`);
  return limit;
}

function chosen(only: string | undefined): string[] {
  if (only === undefined) return Object.keys(SECTIONS);
  return only.split(",").flatMap((name) => {
    // "matmul" means all of its shapes.
    const found = Object.keys(SECTIONS).filter((s) => s === name || s.startsWith(`${name}-`));
    if (found.length === 0) throw new RangeError(`there is no section "${name}"\n\n${HELP}`);
    return found;
  });
}

function rowOf(section: string, result: Duel): Row {
  if ("failed" in result) return { section, word: `not compared: ${result.failed}` };
  const { oldMs, newMs, pairs, sameBits } = result;
  const { ratio, low, high, word } = verdictOf(pairs);
  const said = word === "slower" ? "SLOWER" : word === "faster" ? "faster" : "";
  return {
    section,
    oldMs,
    newMs,
    ratio,
    spread: `${low.toFixed(3)} … ${high.toFixed(3)}`,
    word: sameBits ? said : `${said} OTHER BITS`.trim(),
  };
}

function print(revision: string, commit: string, rows: readonly Row[]): void {
  const title = `This tree against ${revision} (${commit.slice(0, 12)})`;
  const tables = [
    { title: "Milliseconds a call: fastest rounds; ratios: side by side", columns: COLUMNS, rows },
  ];
  const notes = [
    "SLOWER and faster: what three quarters of the rounds and every pair of processes say",
  ];
  process.stdout.write(`${hostText(hostFacts())}\n\n`);
  process.stdout.write(reportText({ name: "compare", title, tables, notes, targets: [] }));
}

// Through process.exit, so that what waits for the exit clears away what was checked out.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.once(signal, () => process.exit(code));
}
process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
