import { describe, expect, test } from "vitest";
import { BENCHMARKS } from "../../bench/benchmarks/index.js";
import { type Report, type Row, reportMarkdown, reportText } from "../../bench/report.js";
import { settingsFor } from "../../bench/settings.js";
import { nativeHere } from "../backends/native-here.js";

/** Every benchmark runs, on work so small that its times say nothing; no time is judged. */
const tiny = settingsFor("tiny");

async function run(name: string): Promise<Report> {
  const report = await (BENCHMARKS[name] as (typeof BENCHMARKS)[string])(tiny);
  expect(report.name).toBe(name);
  expect(report.tables.length).toBeGreaterThan(0);
  for (const table of report.tables) {
    expect(table.rows.length).toBeGreaterThan(0);
    const known = new Set(table.columns.map((c) => c.key));
    const used = new Set(table.rows.flatMap((r) => Object.keys(r)).filter((k) => known.has(k)));
    expect(used, table.title).toEqual(known);
    const numbers = table.rows
      .flatMap((r) => Object.values(r))
      .filter((v) => typeof v === "number");
    expect(numbers.every(Number.isFinite), table.title).toBe(true);
  }
  for (const { figure } of report.targets) expect(Number.isFinite(figure)).toBe(true);
  expect(reportText(report)).toContain(report.title);
  expect(reportMarkdown(report)).toContain(report.title);
  return report;
}

const rowsOf = (report: Report, table = 0) => report.tables[table]?.rows ?? [];

describe("benchmarks at tiny scale", () => {
  test("matmul: positive rates, and the bits of tfjs-wasm", async () => {
    const report = await run("matmul");
    for (const row of rowsOf(report)) {
      expect(row.assay).toBeGreaterThan(0);
      expect(row["ort-web"]).toBeGreaterThan(0);
      expect(row["tfjs-wasm"]).toBeGreaterThan(0);
      expect(row.bits).toBe(0);
    }
    expect(report.targets[0]).toMatchObject({ bound: 1.3, kind: "at-least" });
    if (nativeHere()) {
      for (const row of rowsOf(report)) expect(row["assay native"]).toBeGreaterThan(0);
      expect(report.targets[1]?.what).toMatch(/native code against ort-node/);
    }
  });

  /** One and two threads, WebAssembly and native code give the same bits; peers nearly the same. */
  function expectAgreement(rows: readonly Row[], peers = 1e-3): void {
    expect(rows.map((r) => r.runtime)).toEqual(
      expect.arrayContaining(["assay", "assay 2T", "ort-web"]),
    );
    for (const { runtime, difference } of rows) {
      if (String(runtime).startsWith("assay")) expect(difference).toBe("none");
      else expect(difference === "none" ? 0 : Number(difference)).toBeLessThan(peers);
    }
  }

  test.each(["squeezenet", "resnet50", "mobilenet"])("%s: runtimes agree", async (name) => {
    const report = await run(name);
    expectAgreement(rowsOf(report));
    expect(report.targets.at(-1)).toMatchObject({ bound: 1.3, kind: "at-least" });
    if (nativeHere()) {
      expect(report.targets).toHaveLength(3);
      expect(report.targets[0]).toMatchObject({ subject: "assay native", against: "ort-node" });
    }
  });

  test("stack: runtimes agree at every length", async () => {
    const report = await run("stack");
    expect(report.tables.length).toBe(2);
    for (const { rows } of report.tables) expectAgreement(rows);
    expect(report.targets[0]?.what).toBe("transformer stack, T=1");
  });

  test("int8: our own bits agree, peers round a scale in another way", async () => {
    const report = await run("int8");
    expectAgreement(
      rowsOf(report).filter((r) => r.difference !== undefined),
      0.05,
    );
    if (nativeHere()) expect(report.targets.at(-1)).toMatchObject({ bound: 2.5 });
  });

  test("vector: every kind of weights at one and two threads, none above the bandwidth", async () => {
    const rows = rowsOf(await run("vector"));
    expect(rows.map((r) => `${r.weights} ${r.threads}`)).toEqual(
      [1, 2].flatMap((threads) => ["f32", "bf16", "i8"].map((kind) => `${kind} ${threads}`)),
    );
    for (const row of rows) {
      expect(row.wasmShare).toBeGreaterThan(0);
      for (const share of [row.wasmShare, row.nativeShare ?? 0]) {
        expect(share).toBeLessThanOrEqual(100);
      }
    }
  });

  test("growth: every quantity, with plots of as many lines as runtimes", async () => {
    const report = await run("growth");
    const sweeps = new Set(rowsOf(report).map((r) => String(r.sweep).split(" ")[0]));
    expect([...sweeps]).toEqual(["M", "K", "N", "T", "blocks"]);
    expect(report.figures?.map(({ file }) => file)).toEqual([
      "speed-matmul.svg",
      "speed-stack.svg",
      "speed-threads.svg",
    ]);
    const runtimes = new Set(rowsOf(report).map((r) => r.runtime)).size;
    expect(report.figures?.[0]?.svg.match(/<polyline/g)).toHaveLength(3 * runtimes);
    for (const { svg } of report.figures ?? []) expect(svg).not.toContain("NaN");
  });

  test("memory: every runtime in a process of its own, none below Node itself", async () => {
    const rows = rowsOf(await run("memory"));
    const bare = rows.find((r) => r.runtime === "node")?.loaded as number;
    expect(bare).toBeGreaterThan(20);
    for (const { runtime, loaded, peak } of rows) {
      expect(peak).toBeGreaterThanOrEqual(loaded as number);
      if (runtime !== "node") expect(peak).toBeGreaterThan(bare);
    }
    expect(rows.map((r) => r.runtime)).toEqual(expect.arrayContaining(["assay", "ort-node"]));
  });

  test("commitment: three models at two granularities, weights apart", async () => {
    const report = await run("commitment");
    const rows = rowsOf(report);
    const both = ["layer", "operator"];
    expect(rows.map((r) => r.granularity)).toEqual([...both, ...both, ...both]);
    expect(rows[1]?.committed).toBeGreaterThan(rows[0]?.committed as number);
    expect(rowsOf(report, 1)).toHaveLength(3);
    expect(report.targets).toMatchObject([
      { bound: 2, kind: "at-most" },
      { bound: 15, kind: "at-most" },
      { bound: 1.5, kind: "at-least" },
    ]);
  });

  test("hashing: both hashers", async () => {
    for (const row of rowsOf(await run("hashing"))) {
      expect(row["node:crypto"]).toBeGreaterThan(0);
      expect(row.noble).toBeGreaterThan(0);
    }
  });

  test("dispute: shares make up the run, and the game names the drilled operator", async () => {
    const report = await run("dispute");
    const shares = rowsOf(report);
    for (const key of ["steps", "bytes"]) {
      expect(shares.reduce((sum, r) => sum + (r[key] as number), 0)).toBeCloseTo(100, 6);
    }
    for (const game of rowsOf(report, 1)) {
      expect(game.named).toBe(game.corrupted);
      expect(game.steps).toBeLessThan(100);
    }
  });

  test("contest: no more disputes than are needed, no more rounds than were ever found", async () => {
    const report = await run("contest");
    for (const row of rowsOf(report)) {
      expect(row.decided).toBeLessThan(row.executors as number);
      expect(row.rounds).toBeLessThanOrEqual((row.log as number) + 1);
    }
  });

  test("ledger: every liar is convicted, by a ledger in a process of its own", async () => {
    for (const row of rowsOf(await run("ledger"))) {
      expect(row.convicted).toBe(row.disputes);
      expect(row.moves).toBeGreaterThanOrEqual(6 * (row.disputes as number));
      expect(row.most).toBeGreaterThan(0);
    }
  });

  test("maps", async () => {
    for (const row of rowsOf(await run("maps"))) expect(row.ratio).toBeGreaterThan(0);
  });

  test("operators: shares make up the run", async () => {
    const report = await run("operators");
    for (const kinds of [0, 2]) {
      const total = rowsOf(report, kinds).reduce((sum, r) => sum + (r.share as number), 0);
      expect(total).toBeCloseTo(100, 6);
    }
  });
});
