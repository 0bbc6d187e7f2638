import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { writeNpy } from "../../src/files/npy.js";
import type { Model } from "../../src/graph/types.js";
import { assay, matrix, namesIn, onnxOf, smallWorld } from "./support.js";

/** A chain of multiplications that keeps the interpreter busy for a while. */
const SIZE = 48;
const LENGTH = 60;

const world = smallWorld();
const { path, env } = world;
const model = path("chain.onnx");
const inputs = ["-i", `v0=${path("v0.npy")}`];
const slow = ["--backend", "interpreter", "--verbose"];

beforeAll(() => {
  writeFileSync(model, onnxOf(chain()));
  writeFileSync(path("v0.npy"), writeNpy(matrix([SIZE, SIZE], 1)));
});

function chain(): Model {
  const nodes = Array.from({ length: LENGTH }, (_, i) => ({
    name: `step ${i}`,
    domain: "",
    operator: "MatMul",
    version: 13,
    attributes: new Map(),
    inputs: [`v${i}`, "w"],
    outputs: [`v${i + 1}`],
  }));
  const info = (name: string) => ({ name, dtype: "f32" as const, dims: [SIZE, SIZE] });
  return {
    graph: { name: "chain", inputs: [info("v0")], outputs: [info(`v${LENGTH}`)], nodes },
    weights: new Map([["w", matrix([SIZE, SIZE], 2)]]),
  };
}

describe("Ctrl-C", () => {
  /** Sends it, as a terminal would, when the work has said that it starts. */
  async function interrupted(args: readonly string[]) {
    const errors: string[] = [];
    const others = process.listeners("SIGINT");
    const stderr = {
      write: (text: string): void => {
        errors.push(text);
        if (!text.startsWith("needs ")) return;
        const own = process.listeners("SIGINT").filter((l) => !others.includes(l));
        expect(own).toHaveLength(1);
        setTimeout(() => own[0]?.("SIGINT"), 5);
      },
    };
    const { code, stdout } = await assay(args, { env, stderr });
    expect(process.listeners("SIGINT")).toEqual(others);
    return { code, stdout, stderr: errors.join("") };
  }

  test("ends a run with exit code 2, and nothing is written", async () => {
    const before = namesIn(world.folder);
    const ran = await interrupted(["run", model, ...inputs, "-o", path("never"), ...slow]);
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toContain("error [cancelled]: interrupted; nothing was written\n");
    expect(namesIn(world.folder)).toEqual([...before, "home"].sort());
  });

  test("is an object under --json", async () => {
    const ran = await interrupted([
      "run",
      model,
      ...inputs,
      "-o",
      path("never"),
      ...slow,
      "--json",
    ]);
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.stdout).error.code).toBe("cancelled");
  });

  test("ends a verification as what it is: could not check", async () => {
    const wasm = [
      "run",
      model,
      ...inputs,
      "-o",
      path("done"),
      "--backend",
      "wasm",
      "--threads",
      "1",
    ];
    expect((await assay(wasm, { env })).code).toBe(0);
    for (const mode of [[], ["--share", "1", "--beacon", "00".repeat(16)]]) {
      const args = ["verify-run", path("done"), "-m", model, ...mode, ...slow, "--json"];
      const { code, stdout } = await interrupted(args);
      expect(code).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({
        outcome: "could-not-check",
        error: { code: "cancelled" },
      });
    }
  });

  const main = resolve(import.meta.dirname, "../../dist/src/cli/main.js");

  test.skipIf(!existsSync(main) || process.platform === "win32")(
    "ends the process itself so",
    async () => {
      const before = namesIn(world.folder);
      const args = [main, "run", model, ...inputs, "-o", path("never"), ...slow];
      const child = spawn(process.execPath, args, { env: { ...process.env, ...env } });
      const errors: string[] = [];
      child.stderr.on("data", (data) => {
        errors.push(String(data));
        if (String(data).startsWith("needs ")) child.kill("SIGINT");
      });
      const code = await new Promise((done) => child.on("close", done));
      expect(code).toBe(2);
      expect(errors.join("")).toContain("error [cancelled]");
      expect(namesIn(world.folder)).toEqual(before);
    },
  );
});
