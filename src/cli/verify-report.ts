import type { Finding, VerificationReport } from "../verify/report.js";
import { listed, printable } from "./printable.js";
import type { Style } from "./style.js";

const HEADLINE = {
  verified: "VERIFIED",
  refuted: "REFUTED",
  "could-not-check": "COULD NOT CHECK",
} as const;

/** A report for people: one line per finding, then the outcome and why. */
export function describeReport(report: VerificationReport, style: Style): string {
  const where = report.firstDifference;
  const lines = [
    ...shownFindings(report.findings).map((f) =>
      typeof f === "string" ? `  · ${f}` : findingLine(f, style),
    ),
    ...(where
      ? [printable(`    the runs part in segment ${where.segment}: ${listed(where.operators)}`)]
      : []),
    "",
    `${headline(report.outcome, style)}: ${printable(report.reason)}`,
  ];
  return `${lines.join("\n")}\n`;
}

export function headline(outcome: VerificationReport["outcome"], style: Style): string {
  const text = style.bold(HEADLINE[outcome]);
  return outcome === "verified" ? style.good(text) : outcome === "refuted" ? style.bad(text) : text;
}

function findingLine({ what, result, detail }: Finding, style: Style): string {
  const text = printable(`${what.padEnd(17)} ${detail}`);
  if (result === "skipped") return style.dim(`  · ${text}`);
  return `  ${result === "ok" ? style.good("✓") : style.bad("✗")} ${text}`;
}

/** Findings of one kind in a row are listed up to this many. */
const LISTED = 12;

/** A sample may have thousands of segments that agree: the first ones, and how many more. */
function shownFindings(findings: readonly Finding[]): (Finding | string)[] {
  const agreeing = findings.filter(isAgreeingSegment);
  const more = agreeing.length - LISTED;
  if (more <= 0) return [...findings];
  const hidden = new Set<Finding>(agreeing.slice(LISTED));
  const last = agreeing[LISTED - 1];
  return findings
    .filter((f) => !hidden.has(f))
    .flatMap((f) => (f === last ? [f, `and ${more} more segments agree`] : [f]));
}

function isAgreeingSegment({ what, result }: Finding): boolean {
  return result === "ok" && what.startsWith("segment ");
}
