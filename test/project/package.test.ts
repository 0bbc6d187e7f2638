import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | { types: string; default: string }>;
  bin: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  optionalDependencies?: Record<string, string>;
};

/** What `npm pack` would put into the package. The build is what `npm test` has just made. */
function packedFiles(): string[] {
  const out = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const parsed = JSON.parse(out) as unknown;
  const packages = Array.isArray(parsed) ? parsed : Object.values(parsed as object);
  return (packages[0] as { files: { path: string }[] }).files.map((f) => f.path);
}

describe("the package", () => {
  it("exports files that exist, with their types", () => {
    const targets = Object.values(manifest.exports).flatMap((e) =>
      typeof e === "string" ? [e] : [e.types, e.default],
    );
    expect(targets.filter((t) => !existsSync(join(root, t)))).toEqual([]);
    expect(existsSync(join(root, manifest.bin.assay as string))).toBe(true);
  });

  it("can be imported by its documented names", async () => {
    const names = [
      "assay",
      "assay/operators",
      "assay/verifier",
      "assay/settlement",
      "assay/network",
    ];
    const modules = await Promise.all(names.map((n) => import(/* @vite-ignore */ n)));
    expect(Object.keys(modules[0])).toEqual(
      expect.arrayContaining(["loadModel", "runModel", "checkReceipt", "replayRun", "playDispute"]),
    );
    expect(Object.keys(modules[1])).toEqual(
      expect.arrayContaining(["buildProgram", "DEFINITIONS"]),
    );
    expect(Object.keys(modules[2])).toEqual(expect.arrayContaining(["checkReceipt", "transition"]));
    expect(Object.keys(modules[3])).toEqual(expect.arrayContaining(["applyEvent", "RuleBook"]));
    expect(Object.keys(modules[4])).toEqual(
      expect.arrayContaining(["openLedgerFolder", "RemoteLedger", "serveExecutor"]),
    );
  });

  it("packs the build, the docs and what the demo needs, and nothing else", () => {
    const files = packedFiles();
    for (const path of ["package.json", "README.md", "LICENSE", "CHANGELOG.md"]) {
      expect(files).toContain(path);
    }
    expect(files).toContain("dist/src/cli/main.js");
    expect(files).toContain("dist/operators/backends/wasm/machine/worker.js");
    expect(files).toContain("dist/src/execute/hash-worker.js");
    // The native backend is built where the package is installed.
    expect(files).toContain("operators/backends/native/source/addon.cc");
    const foreign = files.filter(
      (f) =>
        !/^(dist|docs|fixtures|README|LICENSE|CHANGELOG|package)/.test(f) &&
        f !== "scripts/build-native.mjs" &&
        !/^operators\/backends\/native\/source\//.test(f),
    );
    expect(foreign).toEqual([]);
    expect(files.filter((f) => /\.test\.|node_modules|\.as\.ts$/.test(f))).toEqual([]);
  }, 60_000);

  it("pins every version", () => {
    const all = {
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    };
    expect(Object.entries(all).filter(([, v]) => !/^\d+\.\d+\.\d+$/.test(v))).toEqual([]);
  });
});
