import { describe, expect, test } from "vitest";
import { rowsOf, run } from "./run.js";

describe("benchmarks at tiny scale", () => {
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
