import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { AssayError } from "../operators/index.js";
import { type Host, hostText } from "./host.js";
import { type Report, reportMarkdown } from "./report.js";
import type { Scale } from "./settings.js";

/** One run of the benchmarks, as it is written to disk. */
export interface Results {
  readonly date: string;
  readonly scale: Scale;
  readonly host: Host;
  readonly reports: readonly Report[];
}

export function writeResults(path: string, results: Results): void {
  mkdirSync(dirname(path), { recursive: true });
  writeBeside(path, `${JSON.stringify(results, undefined, 2)}\n`);
}

export function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, "utf8"));
}

const BEGIN = "<!-- figures: written by npm run bench -- --readme -->";
const END = "<!-- /figures -->";

/** Replaces the figures of a README by those of a run; the rest stays as it is. */
export function withFigures(readme: string, results: Results): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new AssayError("usage", "the README has no section for figures", {
      hint: `it lies between "${BEGIN}" and "${END}"`,
    });
  }
  return `${readme.slice(0, begin)}${BEGIN}\n\n${figures(results)}\n\n${readme.slice(end)}`;
}

export function updateReadme(path: string, results: Results): void {
  writeBeside(path, withFigures(readFileSync(path, "utf8"), results));
}

function figures({ date, scale, host, reports }: Results): string {
  const quick = scale === "full" ? "" : `, \`${scale}\` run: few rounds`;
  const head = `Measured ${date.slice(0, 10)}${quick}.\n\n\`\`\`\n${hostText(host)}\n\`\`\``;
  return [head, ...reports.map(reportMarkdown)].join("\n\n");
}

/** Written beside and renamed: an interrupted run leaves the old file. */
function writeBeside(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

/** The plots of the reports, as files of a folder. */
export function writeFigures(folder: string, { reports }: Results): void {
  for (const { file, svg } of reports.flatMap((r) => r.figures ?? [])) {
    writeFileSync(join(folder, file), svg);
  }
}
