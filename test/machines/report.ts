import type { Difference, Place } from "./compare.js";
import type { Column, TableRow } from "./table/types.js";
import { type MachineResult, rowDigest, type Verdict } from "./verdict.js";

/** What is printed. */
export function reportText(results: readonly MachineResult[], verdict: Verdict): string {
  const { comparison, digest } = verdict;
  const rows = comparison.rows.map(({ row, columns }) => [
    row.name,
    String(row.cases.length),
    rowDigest(row).slice(0, 16),
    agreement(row.name, columns, comparison.differences),
  ]);
  return [
    textTable(["row", "cases", "digest", "columns that agree"], rows),
    "",
    ...results.map(machineLine),
    "",
    ...differenceLines(comparison.differences),
    `table ${digest}`,
    `${verdictLine(results, verdict)}\n`,
  ].join("\n");
}

export function agreement(row: string, columns: number, all: readonly Difference[]): string {
  const differing = all.filter((d) => d.row === row).length;
  return differing === 0
    ? `${columns} of ${columns}`
    : `${columns - differing} of ${columns}: DIFFERS`;
}

export function machineLine(r: MachineResult): string {
  const head = `${r.id.padEnd(9)}`;
  if (r.outcome === "missing") return `${head} missing: ${r.how}`;
  const columns = columnsText(r.columns);
  if (r.outcome === "failed") {
    return `${head} FAILED after ${columns || "nothing"}: ${r.error}`;
  }
  return `${head} run in ${r.seconds.toFixed(0)} s: ${r.facts.engine}, ${r.facts.platform}, ${r.processor}; ${columns}`;
}

/** Columns with their times; those that an engine cannot compute say why. */
export function columnsText(columns: readonly Column[]): string {
  return columns
    .map((c) =>
      "rows" in c
        ? `${c.column}${sampledText(c.rows)} ${c.seconds.toFixed(0)} s`
        : `${c.column} not run (${c.unavailable})`,
    )
    .join(", ");
}

/** How many cases a sampled column has; nothing for a whole one. */
export function sampledText(rows: readonly TableRow[]): string {
  const computed = rows.reduce((sum, row) => sum + row.cases.length, 0);
  const total = rows.reduce((sum, row) => sum + row.total, 0);
  return computed === total ? "" : ` (${computed} of ${total} cases)`;
}

const SHOWN = 20;

function differenceLines(differences: readonly Difference[]): string[] {
  const [first] = differences;
  if (!first) return [];
  const lines = differences.slice(0, SHOWN).map((d) => `  ${differenceText(d)}`);
  const more = differences.length > SHOWN ? [`  and ${differences.length - SHOWN} more`] : [];
  return [`first difference: ${differenceText(first)}`, ...lines, ...more, ""];
}

export function differenceText({ row, case: name, problem, at, reference }: Difference): string {
  const where = name === undefined ? row : `${row}, case ${name}`;
  return `${where}: ${placeText(at)} has ${problem} (${placeText(reference)})`;
}

const placeText = ({ machine, column }: Place): string => `${machine} ${column}`;

export function verdictLine(results: readonly MachineResult[], verdict: Verdict): string {
  const count = (outcome: MachineResult["outcome"]): number =>
    results.filter((r) => r.outcome === outcome).length;
  const { comparison, required, agrees } = verdict;
  const facts = [
    `${comparison.rows.length} rows`,
    `${comparison.columns} columns`,
    `${count("run")} machines run`,
    `${count("missing")} missing`,
    ...(count("failed") > 0 ? [`${count("failed")} failed`] : []),
    ...(comparison.differences.length > 0 ? [`${comparison.differences.length} differences`] : []),
    ...(required.length > 0 ? [`required but not run: ${required.join(", ")}`] : []),
  ];
  return `${agrees ? "identical" : "NOT proven identical"}: ${facts.join(", ")}`;
}

function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((c, i) => c.padEnd(widths[i] as number))
      .join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line)].join("\n");
}
