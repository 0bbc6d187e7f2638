import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { codeBlocks, ROOT, readPage } from "./pages.js";

/** The code that the documentation shows: type-checked, and run where it is a whole program. */

const readme = codeBlocks(readPage("README.md"), "ts");
const [definition = ""] = codeBlocks(readPage("docs/element-programs.md"), "ts");

/** Shown code by the file name it would have; none of these exists on disk. */
const SHOWN = new Map([
  ...readme.map((text, i) => [join(ROOT, `readme-${i}.ts`), text] as const),
  [join(ROOT, "operators/definitions/mish.ts"), definition],
]);

function typeErrors(): string[] {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  // The package by its own names, from the sources: what is shown must not depend on a build.
  options.paths = {
    assay: [join(ROOT, "src/index.ts")],
    "assay/operators": [join(ROOT, "operators/index.ts")],
    "assay/verifier": [join(ROOT, "src/verifier.ts")],
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => SHOWN.has(path) || fileExists(path);
  host.getSourceFile = (path, version, ...rest) => {
    const text = SHOWN.get(path);
    return text === undefined
      ? getSourceFile(path, version, ...rest)
      : ts.createSourceFile(path, text, version);
  };
  const program = ts.createProgram([...SHOWN.keys()], options, host);
  return [...SHOWN.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    const found = [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ];
    return found.map((d) => `${path}: ${ts.flattenDiagnosticMessageText(d.messageText, " ")}`);
  });
}

/** Runs code with the built package, from the project's root. */
function output(code: string): string {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const args = ["--input-type=module", "-e", outputText];
  return execFileSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
}

describe("shown code", () => {
  test("type-checks", () => {
    expect(readme).toHaveLength(3);
    expect(typeErrors()).toEqual([]);
  });

  const built = existsSync(join(ROOT, "dist/src/index.js"));

  test.skipIf(!built)("runs: a run and its replay (needs npm run build)", () => {
    const lines = output(readme[0] as string);
    expect(JSON.parse(lines.slice(0, lines.lastIndexOf("}") + 1))).toHaveProperty("signature");
    expect(lines.trimEnd().endsWith("verified")).toBe(true);
  });

  test.skipIf(!built)("runs: an element program (needs npm run build)", () => {
    expect(output(readme[1] as string)).toBe("[ 6, 15 ]\n");
  });

  test("the docstring of the walk-through says what its code computes", () => {
    expect(definition).toContain('name: "SquaredRelu"');
    expect(definition).toContain("b.mul(positive, positive)");
  });
});
