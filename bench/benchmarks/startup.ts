import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { compare, type Timing } from "../measure.js";
import type { Column, Report, Row } from "../report.js";
import type { Settings } from "../settings.js";

/** Milliseconds of a whole process that looks at a small receipt. */
const GOAL = 150;

const ROOT = resolve(import.meta.dirname, "../..");
const MAIN = join(ROOT, "dist/src/cli/main.js");
const HONEST = join(ROOT, "fixtures/runs/honest");

const BARE = "node -e 0";
const CHECK = "assay verify-run receipt.json";

/** Whole processes; what Node itself takes to start and end is the first of them. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  [BARE]: ["-e", "0"],
  "assay --version": [MAIN, "--version"],
  "assay --help": [MAIN, "--help"],
  [CHECK]: [MAIN, "verify-run", join(HONEST, "receipt.json")],
  "assay verify-run run": [MAIN, "verify-run", HONEST],
  "assay verify-run run -m model.onnx": [
    MAIN,
    "verify-run",
    HONEST,
    "-m",
    join(ROOT, "fixtures/digits/model.onnx"),
  ],
};

const COLUMNS: readonly Column[] = [
  { key: "command", label: "command" },
  { key: "min", label: "min ms", digits: 0 },
  { key: "median", label: "median ms", digits: 0 },
  { key: "above", label: "above node -e 0, ms", digits: 0 },
];

/** What it takes to start: whole processes, one after the other in turns. Takes what was built. */
export async function benchStartup(settings: Settings): Promise<Report> {
  settings.progress("start-up");
  const subjects = Object.entries(COMMANDS).map(([name, args]) => ({
    name,
    run: () => runProcess(name, args),
  }));
  const timings = await compare(subjects, { ...settings, warmMs: 0 });
  const bare = timings.find((t) => t.name === BARE) as Timing;
  const rows = timings.map(({ name, min, median }): Row => {
    return { command: name, min, median, ...(name === BARE ? {} : { above: min - bare.min }) };
  });
  const check = timings.find((t) => t.name === CHECK) as Timing;
  return {
    name: "startup",
    title: "Start-up",
    tables: [{ title: "Whole processes, from start to exit", columns: COLUMNS, rows }],
    targets: [
      {
        what: "a look at a small receipt, the whole process",
        figure: check.min,
        bound: GOAL,
        kind: "at-most",
        unit: " ms",
      },
    ],
    notes: ["the last re-executes the run, with the definitions and a backend that this needs"],
  };
}

function runProcess(name: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
}
