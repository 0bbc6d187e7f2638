import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { NativeMachine } from "../../operators/backends/native/index.js";
import type { NativeAvailability } from "../../operators/backends/native/load.js";
import { createMachine } from "../../src/execute/backend.js";
import { nativeHere } from "./native-here.js";

const root = resolve(import.meta.dirname, "../..");
const native = nativeHere();

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A copy of what the loader looks at, loaded by a process of its own. */
function availabilityIn(folder: string): NativeAvailability {
  const loader = pathToFileURL(join(folder, "operators/backends/native/load.ts"));
  const script = `import { nativeAddon } from ${JSON.stringify(loader.href)};
    const found = nativeAddon();
    console.log(JSON.stringify("reason" in found ? found : { addon: found.addon.sourceDigest }));`;
  const args = ["--import", "tsx", "--input-type=module", "-e", script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" }));
}

function copyOf(binary: boolean): string {
  const folder = mkdtempSync(join(tmpdir(), "assay-native-"));
  made.push(folder);
  for (const path of ["operators/backends/native", "scripts/build-native.mjs", "package.json"]) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  mkdirSync(join(folder, "build/native"), { recursive: true });
  const file = "build/native/assay.node";
  if (binary) cpSync(join(root, file), join(folder, file));
  return folder;
}

describe("loading the native backend", () => {
  it("says so where it is not built", () => {
    expect(availabilityIn(copyOf(false))).toEqual({ reason: expect.stringMatching(/not built/) });
  });

  it.skipIf(!native)("takes a binary of these sources, and refuses one of others", () => {
    const folder = copyOf(true);
    expect(availabilityIn(folder)).toEqual({ addon: native?.sourceDigest });
    appendFileSync(join(folder, "operators/backends/native/source/tile.h"), "// changed\n");
    expect(availabilityIn(folder)).toEqual({ reason: expect.stringMatching(/other sources/) });
  });

  it.skipIf(!native)("auto takes it, and a level the processor lacks is refused", () => {
    expect(createMachine().name).toBe("native");
    const sse = { level: "sse9" } as unknown as ConstructorParameters<typeof NativeMachine>[1];
    expect(() => new NativeMachine(1, sse)).toThrow(/this processor has no sse9/);
  });

  it("an install without a compiler says one line and succeeds", () => {
    const env = { ...process.env, PATH: "/nowhere", CXX: "" };
    const folder = copyOf(false);
    const script = join(folder, "scripts/build-native.mjs");
    const args = [script, "--optional"];
    const out = execFileSync(process.execPath, args, { env, encoding: "utf8" });
    expect(out).toMatch(/^native backend: not built, there is no C\+\+ compiler[^\n]*\n$/);
    expect(existsSync(join(folder, "build/native/assay.node"))).toBe(false);
    expect(() => execFileSync(process.execPath, [script], { env, stdio: "pipe" })).toThrow();
  });
});
