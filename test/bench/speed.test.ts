import { describe, expect, test } from "vitest";
import type { Row } from "../../bench/report.js";
import { nativeHere } from "../backends/native-here.js";
import { describeWithData } from "../support/data.js";
import { rowsOf, run } from "./run.js";

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

describe("benchmarks of speed and memory at tiny scale", () => {
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
      expect(report.targets[1]).toMatchObject({ subject: "assay native", against: "ort-node" });
    }
  });

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
});

describeWithData("mnist-8", ["models/mnist-8"], () => {
  test("runtimes agree", async () => {
    expectAgreement(rowsOf(await run("mnist")));
  });
});
