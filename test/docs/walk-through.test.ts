import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeBlocks, ROOT, readPage } from "./pages.js";

/** The commands in the README, run one after the other, print what the README says they print. */

const CLI = join(ROOT, "dist/src/cli/main.js");

interface Step {
  readonly command: string;
  readonly printed: string;
}

function stepsOf(page: string): Step[] {
  return codeBlocks(page, "console").flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const end = text.indexOf("\n");
        return { command: text.slice(0, end), printed: text.slice(end + 1) };
      }),
  );
}

/** What differs from machine to machine: times, backend, threads and with them memory, the key. */
function masked(text: string): string {
  return text
    .replace(/\b\d+(\.\d+)? m?s\b/g, "<time>")
    .replace(/^( {2}backend +)(native|wasm),/gm, "$1<backend>,")
    .replace(/\d+ threads?/g, "<threads>")
    .replace(/^( {2}memory) +[\d.]+ \w+/gm, "$1 <size>")
    .replace(/^( {2}receipt +)0x[0-9a-f]{64}/gm, "$1<digest>")
    .replace(/\b0x[0-9a-f]{40}\b/g, "<address>")
    .trim();
}

function run(command: string, folder: string): string {
  const [name, ...args] = command.split(" ");
  expect(name).toBe("assay");
  const env = { ...process.env, ASSAY_HOME: join(folder, "home"), NO_COLOR: "1" };
  const result = spawnSync(process.execPath, [CLI, ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return result.stdout + result.stderr;
}

describe("the commands in the README", () => {
  const steps = stepsOf(readPage("README.md"));

  test("has commands", () => {
    expect(steps.length).toBeGreaterThan(3);
  });

  test.skipIf(!existsSync(CLI))("prints what it shows (needs npm run build)", () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-readme-"));
    try {
      symlinkSync(join(ROOT, "fixtures"), join(folder, "fixtures"));
      for (const { command, printed } of steps) {
        expect(masked(run(command, folder)), command).toBe(masked(printed));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
