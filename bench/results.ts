import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { AssayError } from "../operators/index.js";
import { type Host, hostText } from "./host.js";
import { type Report, reportMarkdown, targetsMarkdown } from "./report.js";
import type { Scale } from "./settings.js";

/** One benchmark's figures, with all that is needed to judge them. */
export interface Section {
  /** When it was measured, ISO 8601. */
  readonly date: string;
  readonly scale: Scale;
  readonly host: Host;
  /** How long it took, where that was noted. */
  readonly seconds?: number;
  /** Processors that were busy with other people's work meanwhile, where that can be told. */
  readonly others?: number;
  readonly report: Report;
}

/** One run of the benchmarks, or the last figures of each, as they are written to disk. */
export interface Results {
  readonly sections: readonly Section[];
}

export function writeResults(path: string, results: Results): void {
  mkdirSync(dirname(path), { recursive: true });
  writeBeside(path, `${JSON.stringify(results, undefined, 1)}\n`);
}

export function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, "utf8"));
}

/**
 * The figures of a run in place of older ones of the same benchmarks; others stay, with their date and
 * machine. Those of benchmarks that are no longer there go. In the order of `names`.
 */
export function merged(older: Results, newer: Results, names: readonly string[]): Results {
  const sections = names.flatMap((name) => {
    const of = ({ sections }: Results) => sections.find((s) => s.report.name === name);
    const section = of(newer) ?? of(older);
    return section ? [section] : [];
  });
  return { sections };
}

/** Merges a run into the stored figures, and writes them into the README and its plots to a folder. */
export function publish(
  results: Results,
  names: readonly string[],
  to: { readonly stored: string; readonly readme: string; readonly plots: string },
): void {
  const older = existsSync(to.stored) ? readResults(to.stored) : { sections: [] };
  const all = merged(older, withoutPlots(results), names);
  writeResults(to.stored, all);
  writeBeside(to.readme, withFigures(readFileSync(to.readme, "utf8"), all));
  writePlots(to.plots, results);
}

const FIGURES = ["<!-- figures: written by npm run bench -- --readme -->", "<!-- /figures -->"];
const TARGETS = ["<!-- targets: written by npm run bench -- --readme -->", "<!-- /targets -->"];

/** Replaces the targets and the figures of a README; the rest stays as it is. */
export function withFigures(readme: string, results: Results): string {
  const summary = targetsMarkdown(
    results.sections.map(({ report, date }) => ({ report, date: date.slice(0, 10) })),
  );
  return between(between(readme, TARGETS, summary), FIGURES, figures(results));
}

function between(text: string, marks: readonly string[], content: string): string {
  const [begin, end] = marks as [string, string];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) {
    throw new AssayError("usage", "the README has no section for figures", {
      hint: `it lies between "${begin}" and "${end}"`,
    });
  }
  return `${text.slice(0, from)}${begin}\n\n${content}\n\n${text.slice(to)}`;
}

/** Every section states when it was measured; the machine, where it is not that of most. */
function figures({ sections }: Results): string {
  const newest = [...sections].sort((a, b) => (a.date < b.date ? 1 : -1))[0];
  if (!newest) return "None yet.";
  const usual = machineOf(newest.host);
  const parts = sections.map((section) => {
    const elsewhere = machineOf(section.host) === usual ? "" : `\n\n${fenced(section.host)}`;
    return `${reportMarkdown(section.report, `${measured(section)}${elsewhere}`)}`;
  });
  return [fenced(newest.host), ...parts].join("\n\n");
}

/** "Measured 2026-01-02, full, in 34 s; others kept 0.1 of 2 cores busy." */
export function measured({ date, scale, host, seconds, others }: Section): string {
  const few = scale === "full" ? "" : `, \`${scale}\` (few rounds)`;
  const time = seconds === undefined ? "" : `, in ${Math.round(seconds)} s`;
  const busy =
    others === undefined
      ? `load before ${host.load.toFixed(1)}${host.load > 0.3 ? NOISY : ""}`
      : `others kept ${others.toFixed(1)} of ${host.cores} cores busy${others > 0.2 ? NOISY : ""}`;
  return `Measured ${date.slice(0, 10)}${few}${time}; ${busy}.`;
}

const NOISY = ": **noisy**";

function machineOf(host: Host): string {
  return hostText({ ...host, load: 0 });
}

function fenced(host: Host): string {
  return `\`\`\`\n${machineOf(host)}\n\`\`\``;
}

/** Written beside and renamed: an interrupted run leaves the old file. */
function writeBeside(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

function withoutPlots({ sections }: Results): Results {
  return {
    sections: sections.map((section) => {
      const { figures: _, ...report } = section.report;
      return { ...section, report };
    }),
  };
}

function writePlots(folder: string, { sections }: Results): void {
  for (const { file, svg } of sections.flatMap((s) => s.report.figures ?? [])) {
    writeFileSync(join(folder, file), svg);
  }
}
