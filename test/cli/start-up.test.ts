import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const HONEST = join(root, "fixtures/runs/honest");
const folder = mkdtempSync(join(tmpdir(), "assay-start-up-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Modules that a command loads, by path in the project; Node lists them where it counts coverage. */
function loadedBy(...args: string[]): string[] {
  const into = mkdtempSync(join(folder, "loaded-"));
  const main = join(root, "dist/src/cli/main.js");
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: "utf8",
    env: { ...process.env, NODE_V8_COVERAGE: into },
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const urls = readdirSync(into).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(into, name), "utf8")) as {
      result: { url: string }[];
    };
    return result.map((script) => script.url).filter((url) => url.startsWith("file:"));
  });
  return urls.map((url) => fileURLToPath(url).replace(/^.*\/(dist|node_modules)\//, "$1/"));
}

const packagesOf = (paths: readonly string[]): string[] => [
  ...new Set(
    paths.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  ),
];

/** What the package asks for itself; of yargs only its parser is loaded, by which it is not named here. */
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
};
const asksFor = (paths: readonly string[]): string[] =>
  packagesOf(paths).filter((name) => name in dependencies);

describe("what is loaded to start", () => {
  it.each([["--version"], ["--help"], ["run --help"], ["ledger serve --help"]])(
    "assay %s: the commands as data, and nothing that computes, serves or parses",
    (line) => {
      const paths = loadedBy(...line.split(" "));
      const commands = paths.filter((p) => /^dist\/src\/cli\/commands\/(?!index)/.test(p));
      const [word = ""] = line.split(" ");
      const one = `dist/src/cli/commands/${word}`;
      if (word.startsWith("-")) expect(commands.length).toBeGreaterThan(10);
      else expect(commands.filter((p) => !p.startsWith(one))).toEqual([]);
      expect(commands).not.toEqual([]);
      expect(asksFor(paths)).toEqual([]);
      const ours = paths.filter((p) => p.startsWith("dist/"));
      const light = /^dist\/(src\/(cli|files\/disk|receipt\/hex)|operators\/errors)/;
      const wrong = ours.filter((p) => !light.test(p));
      expect(wrong).toEqual([]);
      expect(paths.filter((p) => p.includes("cli/actions/"))).toEqual([]);
    },
  );

  it.each([[`${HONEST}/receipt.json`], [HONEST]])(
    "a look at a receipt: no definition, no backend, no service and no parser of models (%#)",
    (target) => {
      const paths = loadedBy("verify-run", target, "--mode", "check");
      expect(paths).toContain("dist/src/verify/check.js");
      const heavy =
        /^dist\/(operators\/(definitions|backends\/wasm)\/|src\/(service|ledger|settlement|dispute|onnx|llm)\/)/;
      expect(paths.filter((p) => heavy.test(p))).toEqual([]);
      expect(asksFor(paths).sort()).toEqual(["@noble/curves", "@noble/hashes"]);
    },
  );

  it("a replay: definitions and a backend, but no service", () => {
    const paths = loadedBy("verify-run", HONEST, "-m", join(root, "fixtures/digits/model.onnx"));
    expect(paths).toContain("dist/operators/definitions/conv.js");
    expect(paths.filter((p) => /^dist\/src\/(service|ledger|settlement)\//.test(p))).toEqual([]);
    expect(packagesOf(paths)).not.toContain("fastify");
  });
});
