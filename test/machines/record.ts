import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./machines/places.js";
import { sampledText } from "./report.js";
import type { Column } from "./table/types.js";
import { type MachineResult, rowDigest, type Verdict } from "./verdict.js";

/** The page whose marked part is the last recorded run. */
export const PAGE = join(ROOT, "docs/machines.md");

const START = "<!-- run -->";
const END = "<!-- /run -->";

/** Puts a run into the page. Throws where the page has no place for it. */
export function recordRun(results: readonly MachineResult[], verdict: Verdict, date: string): void {
  writeFileSync(PAGE, withRun(readFileSync(PAGE, "utf8"), runText(results, verdict, date)));
}

export function withRun(page: string, run: string): string {
  const [from, to] = [page.indexOf(START), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the page has no ${START} … ${END}`);
  return `${page.slice(0, from + START.length)}\n\n${run}\n${page.slice(to)}`;
}

export function runText(results: readonly MachineResult[], verdict: Verdict, date: string): string {
  const { rows, columns } = verdict.comparison;
  const cases = rows.reduce((sum, { row }) => sum + row.cases.length, 0);
  return [
    `${date}: ${rows.length} rows, ${cases} cases, ${columns} columns, all identical. Digest of the table:`,
    "",
    "```text",
    verdict.digest,
    "```",
    "",
    "| machine | engine | processor | columns | time |",
    "| --- | --- | --- | --- | --: |",
    ...results.map(machineRow),
    "",
    "| row | cases | digest |",
    "| --- | --: | --- |",
    ...rows.map(
      ({ row }) => `| ${row.name} | ${row.cases.length} | ${rowDigest(row).slice(0, 16)} |`,
    ),
    "",
  ].join("\n");
}

function machineRow(r: MachineResult): string {
  if (r.outcome !== "run") {
    const why = r.outcome === "missing" ? "missing" : "failed";
    return `| ${r.id} | ${r.title} | – | not run: ${why} | – |`;
  }
  const { engine, platform, endianness } = r.facts;
  const facts = `${engineText(engine)}, ${platform}, ${endianness}-endian`;
  const columns = r.columns.map(columnText).join(", ");
  return `| ${r.id} | ${facts} | ${r.processor} | ${columns} | ${r.seconds.toFixed(0)} s |`;
}

/** Of a browser's long name for itself only the part that says which it is. */
function engineText(engine: string): string {
  return /(?:Firefox|HeadlessChrome|Chrome)\/[\d.]+/.exec(engine)?.[0].replace("/", " ") ?? engine;
}

function columnText(c: Column): string {
  return "rows" in c ? `${c.column}${sampledText(c.rows)}` : `${c.column}: not there`;
}
