import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Host, hostFacts, hostText } from "../host.js";
import { type Column, type Row, reportText } from "../report.js";
import { build, checkOut } from "./checkout.js";
import { duel } from "./duel.js";
import { SECTIONS } from "./sections.js";
import { against, rowOf } from "./verdict.js";

const HELP = `npm run bench:compare -- <revision> [options]

Measures this working tree against another revision, in turns, in separate processes.

  --only a,b        these sections: ${Object.keys(SECTIONS).join(", ")}
  --quick           one pair of processes, few rounds: for a look
  --fail-above 1.1  exit code 1 where a section is slower by more than this, beyond the noise, or
                    gives other bits; 2 where none is, but some could not be compared
  --json file       write the ratios as JSON
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
      json: { type: "string" },
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
  await build(older.folder);
  await build(ROOT);
  const rows: Row[] = [];
  for (const name of names) {
    process.stderr.write(`… ${name}\n`);
    const section = (SECTIONS[name] as (typeof SECTIONS)[string])(models);
    const effort = values.quick ? QUICK : EFFORT;
    rows.push(rowOf(name, await duel([older.folder, ROOT], section, effort)));
  }
  const host = hostFacts();
  print(host, revision, older.commit, rows);
  if (values.json) {
    const date = new Date().toISOString();
    const found = { date, revision, commit: older.commit, host, sections: rows };
    writeFileSync(values.json, `${JSON.stringify(found, undefined, 1)}\n`);
  }
  return limit === undefined ? 0 : judge(rows, limit);
}

/** Says why a comparison does not pass, and yields the exit code. */
function judge(rows: readonly Row[], limit: number): number {
  const { failing, unproven } = against(rows, limit);
  const say = (what: string, names: readonly string[]): void => {
    if (names.length > 0) process.stdout.write(`${what}: ${names.join(", ")}\n`);
  };
  say(`Slower by more than ${limit}, or other bits`, failing);
  say("NOT PROVEN, because they could not be compared", unproven);
  if (failing.length > 0) return 1;
  return unproven.length > 0 ? 2 : 0;
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
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

function print(host: Host, revision: string, commit: string, rows: readonly Row[]): void {
  const title = `This tree against ${revision} (${commit.slice(0, 12)})`;
  const tables = [
    { title: "Milliseconds a call: fastest rounds; ratios: side by side", columns: COLUMNS, rows },
  ];
  const notes = [
    "SLOWER and faster: what three quarters of the rounds and every pair of processes say",
  ];
  process.stdout.write(`${hostText(host)}\n\n`);
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
