import type { Column, ColumnName, TableRow } from "./table/types.js";

/** A column of a machine. */
export interface Place {
  readonly machine: string;
  readonly column: ColumnName;
}

/** What one machine computed. */
export interface MachineTable {
  readonly machine: string;
  readonly columns: readonly Column[];
}

/** A row in which a column is not as the first column that has the row. */
export interface Difference {
  readonly row: string;
  /** The first case that differs; absent where the row is missing or has other cases. */
  readonly case?: string;
  readonly problem: string;
  readonly at: Place;
  readonly reference: Place;
}

export interface Comparison {
  /** By row, in the order in which rows come; the first is the first operator that differs. */
  readonly differences: readonly Difference[];
  readonly rows: readonly { readonly row: TableRow; readonly columns: number }[];
  /** Columns that were compared. */
  readonly columns: number;
}

interface Computed extends Place {
  readonly rows: ReadonlyMap<string, TableRow>;
}

/** Columns of programs are compared with each other, and columns of hashes with each other. */
export function compareTables(tables: readonly MachineTable[]): Comparison {
  const computed = tables.flatMap(({ machine, columns }) =>
    columns.flatMap((c): Computed[] =>
      "rows" in c
        ? [{ machine, column: c.column, rows: new Map(c.rows.map((r) => [r.name, r])) }]
        : [],
    ),
  );
  const kinds = [computed.filter((c) => !isHash(c)), computed.filter(isHash)];
  const compared = kinds.map(compareKind);
  return {
    differences: compared.flatMap((k) => k.differences),
    rows: compared.flatMap((k) => k.rows),
    columns: computed.length,
  };
}

const isHash = ({ column }: Place): boolean => column.startsWith("sha-256");

/** The reference is the first column that has all cases: sampled columns say less. */
function compareKind(columns: readonly Computed[]): Pick<Comparison, "differences" | "rows"> {
  const reference = columns.find(isWhole) ?? columns[0];
  if (!reference) return { differences: [], rows: [] };
  const others = columns.filter((c) => c !== reference);
  const names = new Set([reference, ...others].flatMap((c) => [...c.rows.keys()]));
  const differences = [...names].flatMap((row) =>
    others.flatMap((other) => compareRow(row, reference, other) ?? []),
  );
  const rows = [...reference.rows.values()].map((row) => ({ row, columns: columns.length }));
  return { differences, rows };
}

function isWhole({ rows }: Computed): boolean {
  return [...rows.values()].every((row) => row.cases.length === row.total);
}

function compareRow(name: string, reference: Computed, other: Computed): Difference | undefined {
  const [want, got] = [reference.rows.get(name), other.rows.get(name)];
  const at = { machine: other.machine, column: other.column };
  const from = { machine: reference.machine, column: reference.column };
  const found = { row: name, at, reference: from };
  // A third column has it, and is told so.
  if (!want && !got) return undefined;
  if (!want || !got) {
    return { ...found, problem: `only ${want ? "the reference" : "this column"} has the row` };
  }
  if (want.total !== got.total) {
    return { ...found, problem: `${got.total} cases, not ${want.total}` };
  }
  if (got.cases.length === 0) return { ...found, problem: "no case was computed" };
  const known = new Map(want.cases.map((c) => [c.index, c]));
  const wrong = got.cases.find((c) => {
    const same = known.get(c.index);
    return same?.name !== c.name || same.digest !== c.digest;
  });
  if (!wrong) return undefined;
  const right = known.get(wrong.index);
  if (right?.name !== wrong.name) {
    return { ...found, problem: `case ${wrong.index} is "${wrong.name}", not "${right?.name}"` };
  }
  const problem = `${short(wrong.digest)} instead of ${short(right.digest)}`;
  return { ...found, case: wrong.name, problem };
}

const short = (digest: string): string => digest.replace(/^0x/, "").slice(0, 16);
