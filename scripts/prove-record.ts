import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { functionBytes } from "../operators/program/bytes.js";
import type { FunctionOp } from "../operators/program/micro-ops.js";
import { SCALAR_FUNCTIONS } from "../operators/scalar/functions/index.js";

/** What proofs are written down with. */

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** SHA-256 of the canonical bytes of a function's program. */
export function programDigest(op: FunctionOp): string {
  return createHash("sha256").update(functionBytes(SCALAR_FUNCTIONS[op])).digest("hex");
}

/** Where a proof ran, and when. */
export interface Environment {
  readonly backend: string;
  readonly engine: string;
  readonly arch: string;
  readonly cpu: string;
  readonly date: string;
}

export function environment(): Environment {
  return {
    backend: "wasm",
    engine: `node ${process.versions.node}, V8 ${process.versions.v8}`,
    arch: process.arch,
    cpu: cpus()[0]?.model ?? "unknown",
    date: new Date().toISOString().slice(0, 10),
  };
}

export function writeJson(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

export function readJson<T>(path: string, otherwise: T): T {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T) : otherwise;
}

export function recordPath(file: string): string {
  return join(ROOT, "operators/scalar/functions", file);
}

/** Sets one entry of a record in operators/scalar/functions, in the order of the functions. */
export function record(file: string, op: FunctionOp, entry: unknown): void {
  const path = recordPath(file);
  const entries = readJson<Record<string, unknown>>(path, {});
  entries[op] = entry;
  const ordered = Object.keys(SCALAR_FUNCTIONS).filter((name) => entries[name] !== undefined);
  writeJson(path, Object.fromEntries(ordered.map((name) => [name, entries[name]])));
}
