import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { assay, workFolder } from "./support.js";

const folder = workFolder();
const path = (...names: string[]): string => join(folder, ...names);
const env = { ASSAY_HOME: path("home") };
const digits = join(import.meta.dirname, "../../fixtures/digits");
const model = join(digits, "model.onnx");
const honest = join(import.meta.dirname, "../../fixtures/runs/honest");
const input = ["-i", `image=${join(digits, "digit-5.npy")}`];

const run = (out: string, ...rest: string[]) =>
  assay(["run", model, ...input, "-o", path(out), ...rest], { env });

/** Operators that are computed together are told as one: "Conv + Relu". */
const count = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + name.split(" + ").length, 0);

describe("--profile", () => {
  test("shows where the time of a run goes, and changes no bit of it", async () => {
    const plain = await run("plain", "--json");
    const told = await run("told", "--profile", path("told.json"));
    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/^ +# +operator +name +ms +% +read +written +GFLOP\/s +GB\/s$/m);
    expect(told.stdout).toMatch(/^ +\d+ +Conv +\S+ .* KiB /m);
    expect(told.stdout).toMatch(/^ +all +[\d.]+ +100\.0$/m);
    expect(told.stdout).toMatch(/of the run [\d.]+ % is hashing, [\d.]+ % copying/);
    const events = JSON.parse(readFileSync(path("told.json"), "utf8")).traceEvents;
    const operators = events.filter((e: { cat: string }) => e.cat === "operator");
    expect(count(operators.map((e: { name: string }) => e.name))).toBe(plain.json.operators);
    const receipt = (name: string) => readFileSync(path(name, "receipt.json"), "utf8");
    expect(receipt("told")).toBe(receipt("plain"));
  });

  test("the same as facts, for a replay too", async () => {
    const target = ["verify-run", honest, "-m", model, "--profile", path("replay.json"), "--json"];
    const { code, json } = await assay(target, { env });
    expect(code).toBe(0);
    expect(json).toMatchObject({ outcome: "verified", profile: { file: path("replay.json") } });
    const operators: { operator: string }[] = json.profile.operators;
    expect(count(operators.map((o) => o.operator))).toBe(11);
    const parts = Object.values(json.profile.parts as Record<string, number>);
    expect(parts.reduce((a, b) => a + b, 0)).toBeCloseTo(json.profile.ms, 6);
  });

  test("replaces no file, and is refused before anything is computed", async () => {
    writeFileSync(path("mine.json"), "mine");
    const { code, stderr } = await run("late", "--profile", path("mine.json"));
    expect([code, stderr]).toEqual([2, expect.stringContaining("[file/write]")]);
    expect(readFileSync(path("mine.json"), "utf8")).toBe("mine");
    expect(existsSync(path("late"))).toBe(false);
  });

  test("is of what is executed whole", async () => {
    for (const rest of [[], ["-m", model, "--mode", "check"]]) {
      const target = ["verify-run", honest, ...rest, "--profile", path("none.json")];
      const { code, stderr } = await assay(target, { env });
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining("--profile is for --mode replay"),
      ]);
    }
  });
});
