import { AssayError } from "../../operators/index.js";
import type { UnsupportedItem } from "../onnx/problems.js";
import { printable } from "./printable.js";

/** Exit codes of every command. */
export const EXIT = { ok: 0, refuted: 1, failed: 2 } as const;

/** What an error looks like to a person: what happened, what to do, never a stack. */
export function describeError(error: unknown, verbose: boolean): string {
  const lines: string[] = [];
  if (error instanceof AssayError) {
    lines.push(...headLines(error));
    if (error.hint) lines.push(`  hint: ${error.hint}`);
  } else {
    lines.push(`error: ${error instanceof Error ? error.message : String(error)}`);
    if (!verbose) lines.push("  hint: --verbose shows where this comes from");
  }
  if (verbose && error instanceof Error) lines.push(...(error.stack ?? "").split("\n"));
  return `${lines.map(printable).join("\n")}\n`;
}

/** The message on one line; only the list of what a model uses and nobody supports takes more. */
function headLines({ code, message, facts }: AssayError): string[] {
  if (code !== "onnx/unsupported" || !Array.isArray(facts.items)) {
    return [`error [${code}]: ${message}`];
  }
  const items = facts.items as readonly UnsupportedItem[];
  const lines = items.slice(0, LISTED).map(({ node, operator, reason }) => {
    return `  ${node}${operator === "" ? "" : ` (${operator})`}: ${reason}`;
  });
  const more = items.length > LISTED ? [`  and ${items.length - LISTED} more`] : [];
  const things = items.length === 1 ? "1 thing" : `${items.length} things`;
  return [`error [${code}]: ${things} in this model cannot be run:`, ...lines, ...more];
}

const LISTED = 20;

/** The same facts for machines. */
export function errorObject(error: unknown): Record<string, unknown> {
  if (error instanceof AssayError) {
    const { code, message, hint, facts } = error;
    return { error: { code, message, ...(hint ? { hint } : {}), facts } };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { error: { code: "unexpected", message } };
}
