import { readdirSync, readFileSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** Who may import whom. A folder may use itself and what is listed. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  operators: [],
  "src/merkle": ["operators"],
  "src/graph": ["operators", "src/merkle"],
  "src/onnx": ["operators", "src/graph"],
  "src/llm": ["operators", "src/graph"],
  "src/files": ["operators", "src/onnx"],
  "src/receipt": ["operators", "src/merkle", "src/graph"],
  "src/execute": ["operators", "src/merkle", "src/graph", "src/files", "src/receipt"],
  "src/dispute": ["operators", "src/merkle", "src/graph", "src/receipt"],
  "src/settlement": [
    "operators",
    "src/merkle",
    "src/graph",
    "src/onnx",
    "src/receipt",
    "src/dispute",
  ],
  "src/ledger": [
    "operators",
    "src/merkle",
    "src/graph",
    "src/receipt",
    "src/dispute",
    "src/settlement",
    "src/files",
  ],
  "src/verify": [
    "operators",
    "src/merkle",
    "src/graph",
    "src/receipt",
    "src/files",
    "src/execute",
    "src/dispute",
  ],
  "src/service": [
    "operators",
    "src/merkle",
    "src/graph",
    "src/onnx",
    "src/receipt",
    "src/files",
    "src/execute",
    "src/dispute",
    "src/verify",
    "src/settlement",
    "src/ledger",
  ],
  "src/cli": [
    "operators",
    "src/merkle",
    "src/graph",
    "src/onnx",
    "src/llm",
    "src/files",
    "src/receipt",
    "src/execute",
    "src/dispute",
    "src/verify",
    "src/settlement",
    "src/ledger",
    "src/service",
  ],
};

const root = resolve(import.meta.dirname, "../..");
const builtins = new Set(builtinModules.flatMap((m) => [m, `node:${m}`]));

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sourcesBelow(path);
    return path.endsWith(".ts") && !path.endsWith(".as.ts") ? [path] : [];
  });
}

/** Module names in import and export declarations and in dynamic imports. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const pattern = /(?:\bfrom\s+|\bimport\s*\(\s*|^\s*import\s+)"([^"]+)"/gm;
  return [...text.matchAll(pattern)].map((m) => m[1] as string);
}

/** The file that a relative import of TypeScript sources means. */
function target(file: string, name: string): string {
  return resolve(dirname(file), name.replace(/\.js$/, ".ts"));
}

function folderOf(file: string): string {
  const parts = relative(root, file).split("/");
  return parts[0] === "operators" ? "operators" : parts.slice(0, 2).join("/");
}

describe("imports", () => {
  const files = [...sourcesBelow(join(root, "operators")), ...sourcesBelow(join(root, "src"))];

  it("follow the arrows of the design", () => {
    const wrong: string[] = [];
    for (const file of files) {
      const from = folderOf(file);
      const allowed = ALLOWED[from];
      if (!allowed) continue;
      for (const name of importsOf(file).filter((n) => n.startsWith("."))) {
        const to = folderOf(target(file, name));
        if (to !== from && !allowed.includes(to)) wrong.push(`${relative(root, file)} -> ${name}`);
      }
    }
    expect(files.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });

  it("every folder of src has its arrows", () => {
    const folders = readdirSync(join(root, "src"), { withFileTypes: true });
    const names = folders.filter((d) => d.isDirectory()).map((d) => `src/${d.name}`);
    expect(
      Object.keys(ALLOWED)
        .filter((f) => f !== "operators")
        .sort(),
    ).toEqual(names.sort());
  });

  it("the sources of operators, src and fixtures take operators by its documented entries", () => {
    const entries = [
      "operators/index.ts",
      "operators/basis.ts",
      "operators/errors.ts",
      "operators/backends/wasm/machine/index.ts",
      "operators/backends/native/index.ts",
      "operators/backends/native/load.ts",
    ];
    const wrong: string[] = [];
    for (const file of files.filter((f) => folderOf(f) !== "operators")) {
      for (const name of importsOf(file).filter((n) => n.startsWith("."))) {
        const to = relative(root, target(file, name));
        if (to.startsWith("operators/") && !entries.includes(to))
          wrong.push(`${relative(root, file)} -> ${to}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  for (const entry of ["src/verifier.ts", "src/settlement.ts", "operators/index.ts"]) {
    it(`nothing that ${entry} reaches needs a Node built-in`, () => {
      const seen = new Set<string>();
      const needs: string[] = [];
      const visit = (file: string): void => {
        if (seen.has(file)) return;
        seen.add(file);
        for (const name of importsOf(file)) {
          if (name.startsWith(".")) visit(target(file, name));
          else if (builtins.has(name)) needs.push(`${relative(root, file)}: ${name}`);
        }
      };
      visit(join(root, entry));
      expect(seen.size).toBeGreaterThan(50);
      expect(needs).toEqual([]);
    });
  }
});
