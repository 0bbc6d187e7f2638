import { createHash } from "node:crypto";
import { type Comparison, compareTables } from "./compare.js";
import type { Column, EngineFacts, TableRow } from "./table/types.js";

/** What became of one machine. */
export type MachineResult = { readonly id: string; readonly title: string } & (
  | { readonly outcome: "missing"; readonly how: string }
  | {
      readonly outcome: "failed";
      readonly processor: string;
      readonly error: string;
      readonly columns: readonly Column[];
    }
  | {
      readonly outcome: "run";
      readonly processor: string;
      readonly facts: EngineFacts;
      readonly columns: readonly Column[];
      readonly seconds: number;
    }
);

export interface Verdict {
  readonly comparison: Comparison;
  /** Machines that were asked for by `--require` and did not run. */
  readonly required: readonly string[];
  /** One digest over every row; equal tables have equal ones. */
  readonly digest: string;
  readonly agrees: boolean;
}

/**
 * Agreement needs at least two columns, no difference, no failure, and every required machine. A
 * machine that is missing is neither for nor against.
 */
export function verdictOn(results: readonly MachineResult[], required: readonly string[]): Verdict {
  const tables = results.flatMap((r) =>
    r.outcome === "missing" ? [] : [{ machine: r.id, columns: r.columns }],
  );
  const comparison = compareTables(tables);
  const ran = new Set(results.filter((r) => r.outcome === "run").map((r) => r.id));
  const absent = required.filter((id) => !ran.has(id));
  const failed = results.some((r) => r.outcome === "failed");
  const agrees =
    comparison.columns > 1 &&
    comparison.rows.length > 0 &&
    comparison.differences.length === 0 &&
    !failed &&
    absent.length === 0;
  return { comparison, required: absent, digest: tableDigest(comparison), agrees };
}

/** SHA-256 over "row digest" lines; a row's digest is one over its "case digest" lines. */
export function tableDigest({ rows }: Comparison): string {
  return sha256(rows.map(({ row }) => `${row.name} ${rowDigest(row)}\n`).join(""));
}

export function rowDigest(row: TableRow): string {
  return sha256(row.cases.map((c) => `${c.name} ${c.digest}\n`).join(""));
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
