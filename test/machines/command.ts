import { writeFileSync } from "node:fs";
import { HELP, parseSettings, type Settings } from "./arguments.js";
import type { MachineUnderTest } from "./machines/machine.js";
import { recordRun } from "./record.js";
import { differenceText, machineLine, reportText } from "./report.js";
import { runMachines } from "./run-machines.js";
import { type MachineResult, rowDigest, type Verdict, verdictOn } from "./verdict.js";

export interface Output {
  readonly print: (text: string) => void;
  readonly progress: (text: string) => void;
}

/** The command, over any machines; yields the exit code. */
export async function testMachines(
  args: readonly string[],
  machines: readonly MachineUnderTest[],
  { print, progress }: Output,
): Promise<number> {
  const settings = settingsOrComplaint(args, machines, print);
  if (typeof settings === "number") return settings;
  const chosen = machines.filter((m) => settings.only.includes(m.id));
  if (settings.list) return list(chosen, print);
  const results = await runMachines(chosen, {
    fetch: settings.fetch,
    jobs: settings.jobs,
    timeout: settings.timeout,
    progress,
    onResult: teller(progress),
    ...(settings.columns ? { columns: settings.columns } : {}),
    ...(settings.rows === undefined ? {} : { rows: settings.rows }),
    ...(settings.sample === undefined ? {} : { sample: settings.sample }),
  });
  const verdict = verdictOn(results, settings.require);
  print(reportText(results, verdict));
  if (settings.json) writeFileSync(settings.json, jsonText(results, verdict));
  if (settings.record) record(results, verdict, print);
  return verdict.agrees ? 0 : 1;
}

/** Tells of each machine as it is done, and of the first difference among those that are. */
function teller(progress: Output["progress"]): (result: MachineResult) => void {
  const done: MachineResult[] = [];
  return (result) => {
    done.push(result);
    progress(machineLine(result));
    const [first] = verdictOn(done, []).comparison.differences;
    if (first) progress(`so far: ${differenceText(first)}`);
  };
}

function settingsOrComplaint(
  args: readonly string[],
  machines: readonly MachineUnderTest[],
  print: Output["print"],
): Settings | number {
  try {
    const settings = parseSettings(
      args,
      machines.map((m) => m.id),
    );
    if (!settings.help) return settings;
    print(HELP);
    return 0;
  } catch (error) {
    print(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return 2;
  }
}

async function list(
  machines: readonly MachineUnderTest[],
  print: Output["print"],
): Promise<number> {
  for (const { id, title, find } of machines) {
    const found = await find({ fetch: false, progress: () => {} });
    const state =
      found.kind === "ready" ? `there: ${title}, ${found.processor}` : `missing: ${found.how}`;
    print(`${id.padEnd(9)} ${state}\n`);
  }
  return 0;
}

/** Only agreement is recorded: a page with a difference would be a page of bugs. */
function record(results: readonly MachineResult[], verdict: Verdict, print: Output["print"]): void {
  if (!verdict.agrees) {
    print("not recorded: the tables do not agree\n");
    return;
  }
  recordRun(results, verdict, new Date().toISOString().slice(0, 10));
}

/** The same facts as the text. */
function jsonText(results: readonly MachineResult[], verdict: Verdict): string {
  const { comparison, digest, required, agrees } = verdict;
  const machines = results.map((r) => {
    if (r.outcome === "missing") return r;
    const columns = r.columns.map((c) =>
      "rows" in c
        ? {
            column: c.column,
            seconds: c.seconds,
            rows: c.rows.map((row) => [row.name, rowDigest(row)]),
          }
        : c,
    );
    return { ...r, columns };
  });
  const differences = comparison.differences.map((d) => ({ ...d, text: differenceText(d) }));
  const rows = comparison.rows.map(({ row, columns }) => {
    return { name: row.name, cases: row.cases.length, digest: rowDigest(row), columns };
  });
  const all = { agrees, digest, requiredButNotRun: required, differences, rows, machines };
  return `${JSON.stringify(all, null, 1)}\n`;
}
