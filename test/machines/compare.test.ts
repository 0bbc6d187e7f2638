import { describe, expect, it } from "vitest";
import { compareTables } from "./compare.js";
import { column, row, sampleRows } from "./fakes.js";
import { COLUMNS, type ColumnName, type TableRow } from "./table/types.js";
import { tableDigest } from "./verdict.js";

const table = (machine: string, rowsOf: (c: ColumnName) => readonly TableRow[] = sampleRows) => ({
  machine,
  columns: COLUMNS.map((name) => column(name, rowsOf(name))),
});

/** As the sample, with the rows of one column replaced. */
const withRows = (where: ColumnName, rows: readonly TableRow[]) =>
  table("b", (name) => (name === where ? rows : sampleRows(name)));

describe("comparing tables", () => {
  it("finds nothing where every column has every digest", () => {
    const { differences, rows, columns } = compareTables([table("a"), table("b")]);
    expect(differences).toEqual([]);
    expect(columns).toBe(2 * COLUMNS.length);
    expect(rows.map((r) => [r.row.name, r.columns])).toEqual([
      ["Add", 8],
      ["MatMul", 8],
      ["SHA-256", 4],
    ]);
  });

  it("names the first row, case, machine and column of a single wrong digest", () => {
    const wrong = withRows("wasm ×2", [row("Add", "0x01", "0xff"), row("MatMul", "0x03")]);
    const { differences } = compareTables([table("a"), wrong]);
    expect(differences).toEqual([
      {
        row: "Add",
        case: "Add case 1",
        problem: "ff instead of 02",
        at: { machine: "b", column: "wasm ×2" },
        reference: { machine: "a", column: "interpreter" },
      },
    ]);
  });

  it("compares columns of one machine with each other", () => {
    const alone = withRows("wasm ×1", [row("Add", "0x01", "0x02"), row("MatMul", "0xff")]);
    const { differences } = compareTables([alone]);
    expect(differences.map((d) => [d.row, d.at.column])).toEqual([["MatMul", "wasm ×1"]]);
  });

  it("compares hashes with hashes", () => {
    const wrong = withRows("sha-256 node", [row("SHA-256", "0xbb")]);
    const { differences } = compareTables([table("a"), wrong]);
    expect(differences.map((d) => d.reference.column)).toEqual(["sha-256 noble"]);
  });

  it.each([
    ["a missing row", [row("Add", "0x01", "0x02")], "MatMul", "only the reference has the row"],
    [
      "a row that nobody else has",
      [row("Add", "0x01", "0x02"), row("MatMul", "0x03"), row("Sub", "0x04")],
      "Sub",
      "only this column has the row",
    ],
    ["a missing case", [row("Add", "0x01"), row("MatMul", "0x03")], "Add", "1 cases, not 2"],
    [
      "a row without cases",
      [{ ...row("Add", "0x01", "0x02"), cases: [] }, row("MatMul", "0x03")],
      "Add",
      "no case was computed",
    ],
    [
      "one case more",
      [row("Add", "0x01", "0x02"), row("MatMul", "0x03", "0x05")],
      "MatMul",
      "2 cases, not 1",
    ],
  ] as const)("counts %s as a difference", (_, rows, name, problem) => {
    const { differences } = compareTables([table("a"), withRows("wasm ×3", rows)]);
    expect(differences.map((d) => d.row)).toEqual([name]);
    expect(differences[0]?.problem).toContain(problem);
  });

  it("compares the cases that a sampled column has", () => {
    const [add] = sampleRows("interpreter") as [TableRow];
    const sampled = (...cases: TableRow["cases"]) =>
      table("b", (name) => (name.startsWith("sha") ? sampleRows(name) : [{ ...add, cases }]));
    const whole = table("a", (name) => (name.startsWith("sha") ? sampleRows(name) : [add]));
    const last = add.cases[1] as TableRow["cases"][number];
    expect(compareTables([sampled(last), whole]).differences).toEqual([]);
    const { differences } = compareTables([sampled({ ...last, digest: "0xff" }), whole]);
    expect(differences).toHaveLength(4);
    expect(differences[0]).toMatchObject({ case: "Add case 1", reference: { machine: "a" } });
  });

  it("leaves out columns that an engine does not have", () => {
    const unavailable = { column: "sha-256 node", seconds: 0, unavailable: "too old" } as const;
    const old = { machine: "b", columns: [...table("b").columns.slice(0, -1), unavailable] };
    const { differences, columns } = compareTables([table("a"), old]);
    expect([differences.length, columns]).toEqual([0, 11]);
  });

  it("digests equal tables alike and others not, whatever machines there are", () => {
    const one = tableDigest(compareTables([table("a")]));
    expect(tableDigest(compareTables([table("b"), table("c")]))).toBe(one);
    const other = table("d", () => [row("Add", "0x01", "0x03")]);
    expect(tableDigest(compareTables([other]))).not.toBe(one);
  });
});
