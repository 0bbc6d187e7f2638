import { expect } from "vitest";
import { BENCHMARKS } from "../../bench/benchmarks/index.js";
import { type Report, type Row, reportMarkdown, reportText } from "../../bench/report.js";
import { settingsFor } from "../../bench/settings.js";

/** Every benchmark runs, on work so small that its times say nothing; no time is judged. */
const tiny = settingsFor("tiny");

export async function run(name: string): Promise<Report> {
  const report = await (BENCHMARKS[name] as (typeof BENCHMARKS)[string])(tiny);
  expect(report.name).toBe(name);
  expect(report.tables.length).toBeGreaterThan(0);
  for (const table of report.tables) {
    expect(table.rows.length).toBeGreaterThan(0);
    const known = new Set(table.columns.map((c) => c.key));
    const used = new Set(table.rows.flatMap((r) => Object.keys(r)).filter((k) => known.has(k)));
    expect(used, table.title).toEqual(known);
    const numbers = table.rows
      .flatMap((r) => Object.values(r))
      .filter((v) => typeof v === "number");
    expect(numbers.every(Number.isFinite), table.title).toBe(true);
  }
  for (const { figure } of report.targets) expect(Number.isFinite(figure)).toBe(true);
  expect(reportText(report)).toContain(report.title);
  expect(reportMarkdown(report)).toContain(report.title);
  return report;
}

export const rowsOf = (report: Report, table = 0): readonly Row[] =>
  report.tables[table]?.rows ?? [];
