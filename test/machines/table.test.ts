import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFINITIONS, InterpreterMachine } from "../../operators/index.js";
import { DEFINITION_CASES } from "../definitions/cases/index.js";
import { compareTables } from "./compare.js";
import { ROOT } from "./machines/places.js";
import { rowName } from "./table/case-name.js";
import { computeTable } from "./table/compute.js";
import { programRows } from "./table/programs.js";
import type { Column, ColumnName, Platform, TableRow } from "./table/types.js";
import { allWorkloads, operatorWorkloads, tableWorkloads } from "./table/workload.js";

const platform: Platform = {
  facts: { engine: "vitest", platform: process.platform, endianness: "little" },
  readFile: async (path) => new Uint8Array(await readFile(join(ROOT, path))),
  nodeHasher: () => Promise.reject(new Error("not here")),
};

async function columnsOf(columns: readonly ColumnName[], rows: string): Promise<Column[]> {
  const found: Column[] = [];
  await computeTable(platform, { columns, rows }, (m) => {
    if (m.kind === "column") found.push(m.column);
  });
  return found;
}

/** The interpreter, with the lowest bit of the first byte of every result flipped. */
class FaultyMachine extends InterpreterMachine {
  override run(first: number, end: number): void {
    super.run(first, end);
    this.bytes(this.faultAt, 1)[0] = (this.bytes(this.faultAt, 1)[0] as number) ^ 1;
  }

  constructor(private readonly faultAt: number) {
    super();
  }
}

describe("the table", () => {
  it("has a row for every operator that is defined", () => {
    const rows = new Set(allWorkloads().map((w) => w.row));
    const named = DEFINITIONS.map(({ domain, name }) =>
      domain === "" ? name : `${domain}.${name}`,
    );
    expect(named.filter((name) => !rows.has(name))).toEqual([]);
    expect(rows).toContain("functions");
    expect(rows).toContain("MatMul, in chunks");
  });

  it("is the same on the interpreter and in WebAssembly, receipts included", async () => {
    const rows = "^(Gemm|Softmax|Shape|functions|micro-ops, i64|model: transformer.*)$";
    const columns = await columnsOf(["interpreter", "wasm ×1", "wasm ×2"], rows);
    const { differences, rows: compared } = compareTables([{ machine: "this", columns }]);
    expect(differences).toEqual([]);
    const names = ["Shape", "Gemm", "Softmax", "micro-ops, i64", "functions"];
    expect(compared.map((r) => r.row.name)).toEqual([...names, "model: transformer block"]);
  });

  it("says of a hasher that is not there that it is not there", async () => {
    const [noble, node] = await columnsOf(["sha-256 noble", "sha-256 node"], "");
    expect(noble).toHaveProperty("rows.length", 3);
    expect(node).toMatchObject({ unavailable: "no crypto.hash: not here" });
  });

  it("changes where one byte of one result does, and only there", async () => {
    const relu = DEFINITION_CASES.filter((c) => c.operator === "Relu");
    const workloads = tableWorkloads(operatorWorkloads(relu, rowName));
    const right = await programRows(
      workloads,
      () => new InterpreterMachine(),
      () => {},
    );
    const wrong = await programRows(
      workloads,
      () => new FaultyMachine(1 << 9),
      () => {},
    );
    const digests = (rows: TableRow[]) => rows.flatMap((r) => r.cases.map((c) => c.digest));
    const changed = digests(wrong).filter((d, i) => d !== digests(right)[i]);
    expect(changed).toHaveLength(1);
  });

  it("samples every row, its first and last case among others", () => {
    const all = allWorkloads();
    const sampled = tableWorkloads(all, 5);
    expect(new Set(sampled.map((w) => w.row))).toEqual(new Set(all.map((w) => w.row)));
    const relu = sampled.filter((w) => w.row === "Relu");
    expect(relu).toHaveLength(5);
    expect([relu[0]?.index, relu[4]?.index]).toEqual([0, (relu[0]?.total ?? 0) - 1]);
    expect(tableWorkloads(all)).toHaveLength(all.length);
  });

  it("gives a row the same digests whatever rows stand beside it", () => {
    const relu = (c: { operator: string }) => c.operator === "Relu";
    const alone = operatorWorkloads(DEFINITION_CASES.filter(relu), rowName);
    const among = operatorWorkloads(DEFINITION_CASES, rowName).filter((w) => w.row === "Relu");
    expect(among.map((w) => w.inputs)).toEqual(alone.map((w) => w.inputs));
  });
});
