import type { MachineUnderTest, Start } from "./machines/machine.js";
import { COLUMNS, type Column, type ColumnName, type TableRow } from "./table/types.js";

/** Machines that compute nothing: what they answer is given. */

export const FACTS = { engine: "Fake 1", platform: "paper", endianness: "little" } as const;

export function row(name: string, ...digests: readonly string[]): TableRow {
  const cases = digests.map((digest, index) => ({ index, name: `${name} case ${index}`, digest }));
  return { name, total: cases.length, cases };
}

export function column(name: ColumnName, rows: readonly TableRow[]): Column {
  return { column: name, seconds: 1, rows };
}

/** Rows of programs in the columns of programs, rows of hashes in the others. */
export function fakeMachine(
  id: string,
  rowsOf: (column: ColumnName) => readonly TableRow[],
): MachineUnderTest {
  return machineThat(id, async ({ columns }, listen) => {
    listen({ kind: "engine", facts: FACTS });
    for (const name of columns) listen({ kind: "column", column: column(name, rowsOf(name)) });
    listen({ kind: "done" });
  });
}

export function machineThat(id: string, start: Start): MachineUnderTest {
  return {
    id,
    title: `the machine ${id}`,
    columns: COLUMNS,
    emulated: false,
    find: async () => ({ kind: "ready", processor: "abacus", start }),
  };
}

export function missingMachine(id: string): MachineUnderTest {
  return {
    id,
    title: `the machine ${id}`,
    columns: COLUMNS,
    emulated: false,
    find: async () => ({ kind: "missing", how: "buy one" }),
  };
}

/** Two operators, three cases, and one row of hashes. */
export function sampleRows(name: ColumnName): readonly TableRow[] {
  if (name.startsWith("sha-256")) return [row("SHA-256", "0xaa")];
  return [row("Add", "0x01", "0x02"), row("MatMul", "0x03")];
}
