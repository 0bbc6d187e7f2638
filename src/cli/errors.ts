import { AssayError } from "../../operators/index.js";

/** Exit codes of every command. */
export const EXIT = { ok: 0, refuted: 1, failed: 2 } as const;

/** What an error looks like to a person: what happened, what to do, never a stack. */
export function describeError(error: unknown, verbose: boolean): string {
  const lines: string[] = [];
  if (error instanceof AssayError) {
    lines.push(`error [${error.code}]: ${error.message}`);
    if (error.hint) lines.push(`  hint: ${error.hint}`);
  } else if (error instanceof Error && error.name === "AbortError") {
    lines.push("error [cancelled]: interrupted; nothing was written");
  } else {
    lines.push(`error: ${error instanceof Error ? error.message : String(error)}`);
    if (!verbose) lines.push("  hint: --verbose shows where this comes from");
  }
  if (verbose && error instanceof Error) lines.push(error.stack ?? "");
  return lines.join("\n");
}

/** The same facts for machines. */
export function errorObject(error: unknown): Record<string, unknown> {
  if (error instanceof AssayError) {
    const { code, message, hint, facts } = error;
    return { error: { code, message, ...(hint ? { hint } : {}), facts } };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { error: { code: "unexpected", message } };
}
