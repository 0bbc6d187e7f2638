import { expect, test } from "vitest";
import { nativeHere } from "../backends/native-here.js";
import { assay } from "./support.js";

test("doctor says which backends work, and why others do not", async () => {
  const { code, stdout, stderr } = await assay(["doctor"]);
  expect(code).toBe(0);
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^ {2}backends {3}native {7}(works|.*built)/m);
  expect(stdout).toMatch(/^ {13}wasm {9}works$/m);
  expect(stdout).toMatch(/^ {2}hashing {4}\d+ MB\/s/m);
});

test("doctor --json has the same facts", async () => {
  const { json } = await assay(["doctor", "--json"]);
  const native = nativeHere();
  expect(json.backends.map((b: { name: string }) => b.name)).toEqual([
    "native",
    "wasm",
    "interpreter",
  ]);
  expect(json.backends[0].works).toBe(native !== undefined);
  expect(typeof json.backends[0].reason).toBe(native ? "undefined" : "string");
  expect(json.levels).toEqual(native?.levels.map(({ name }) => name) ?? []);
  expect(json.hashing.megabytesPerSecond).toBeGreaterThan(0);
});
