import { existsSync } from "node:fs";
import { AssayError } from "../../operators/errors.js";
import { chromeTrace } from "../execute/chrome-trace.js";
import { profileOf, type RunProfile } from "../execute/profile.js";
import type { Profiler } from "../execute/profiler.js";
import { createFile } from "../files/disk.js";
import type { Plan } from "../graph/plan.js";
import type { Io } from "./command.js";
import { bytesText, millisText, table } from "./format.js";

/** What `--profile` adds to the facts of a run under `--json`. */
export interface ProfileFacts extends RunProfile {
  readonly file: string;
}

/** Before anything is computed. Throws `file/write` where there is a file already. */
export function requireNewProfile(file: string | undefined): void {
  if (file !== undefined && existsSync(file)) throw taken(file);
}

/** Writes the trace, which replaces nothing, and yields where the time went. */
export function keepProfile(file: string, plan: Plan, { spans }: Profiler, io: Io): ProfileFacts {
  const text = `${JSON.stringify(chromeTrace(plan, spans))}\n`;
  const modes = { mode: 0o666, folderMode: 0o777 };
  if (!createFile(file, new TextEncoder().encode(text), modes, io.disk)) throw taken(file);
  return { file, ...profileOf(plan, spans) };
}

function taken(file: string): AssayError {
  return new AssayError("file/write", `there is a ${file} already`, {
    hint: "name a new file for --profile",
    facts: { path: file },
  });
}

const LISTED = 20;

/** The dearest operators, the others in one row, then what else the run did. */
export function describeProfile(profile: ProfileFacts): string {
  const { ms, operators, parts, hashedBytes, copiedBytes } = profile;
  const row = (name: string, time: number, rest: readonly string[] = []): string[] => {
    const cells = ["", name, "", ...figures(time, ms), ...rest];
    return HEADER.map((_, i) => cells[i] ?? "");
  };
  const listed = operators
    .slice(0, LISTED)
    .map((o) => [
      String(o.index),
      o.operator,
      o.name,
      ...figures(o.ms, ms),
      bytesText(o.readBytes),
      bytesText(o.writtenBytes),
      rate(o.gflops),
      rate((o.readBytes + o.writtenBytes) / o.ms / 1e6),
    ]);
  const others = operators.slice(LISTED);
  const othersMs = others.reduce((sum, o) => sum + o.ms, 0);
  const lines = table(HEADER, [
    ...listed,
    ...(others.length > 0 ? [row(`${others.length} other operators`, othersMs)] : []),
    row("hashing", parts.hashMs, [bytesText(hashedBytes)]),
    row("copying", parts.copyMs, [bytesText(copiedBytes)]),
    row("loading", parts.loadMs),
    row("receipt", parts.receiptMs),
    row("waiting", parts.waitMs),
    row("other work", parts.otherMs),
    row("all", ms),
  ]);
  const thread = profile.hashThreadMs;
  return `${["", ...lines.map((l) => `  ${l}`), "", ...shares(profile, thread)].join("\n")}\n`;
}

const HEADER = ["#", "operator", "name", "ms", "%", "read", "written", "GFLOP/s", "GB/s"];

function shares({ ms, parts, file }: ProfileFacts, thread: number): string[] {
  const share = (part: number): string => `${((100 * part) / ms).toFixed(1)} %`;
  const elsewhere = thread > 0 ? `, ${millisText(thread)} on a thread of its own` : "";
  return [
    `  of the run ${share(parts.hashMs)} is hashing${elsewhere}, ${share(parts.copyMs)} copying`,
    `  profile in ${file}: open it in chrome://tracing or ui.perfetto.dev`,
  ];
}

const figures = (ms: number, total: number): [string, string] => [
  ms.toFixed(3),
  ((100 * ms) / total).toFixed(1),
];

const rate = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : "");
