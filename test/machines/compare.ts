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

function compareKind(columns: readonly Computed[]): Pick<Comparison, "differences" | "rows"> {
  const [reference, ...others] = columns;
  if (!reference) return { differences: [], rows: [] };
  const names = new Set(columns.flatMap((c) => [...c.rows.keys()]));
  const differences = [...names].flatMap((row) =>
    others.flatMap((other) => compareRow(row, reference, other) ?? []),
  );
  const rows = [...reference.rows.values()].map((row) => ({ row, columns: columns.length }));
  return { differences, rows };
}

function compareRow(name: string, reference: Computed, other: Computed): Difference | undefined {
  const [want, got] = [reference.rows.get(name), other.rows.get(name)];
  const at = { machine: other.machine, column: other.column };
  const from = { machine: reference.machine, column: reference.column };
  const found = { row: name, at, reference: from };
  if (!want || !got)
    return { ...found, problem: `only ${want ? "the reference" : "this column"} has the row` };
  const first = want.cases.findIndex(({ name: c, digest }, i) => {
    const other = got.cases[i];
    return other?.name !== c || other.digest !== digest;
  });
  if (first === -1) {
    const same = got.cases.length === want.cases.length;
    return same
      ? undefined
      : { ...found, problem: `${got.cases.length} cases, not ${want.cases.length}` };
  }
  const [w, g] = [want.cases[first], got.cases[first]];
  if (w?.name !== g?.name) return { ...found, problem: `the case "${w?.name}" is missing` };
  const problem = `${short(g?.digest)} instead of ${short(w?.digest)}`;
  return { ...found, case: w?.name ?? "", problem };
}

const short = (digest = ""): string => digest.replace(/^0x/, "").slice(0, 16);
