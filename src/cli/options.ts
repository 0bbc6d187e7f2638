import { availableParallelism } from "node:os";
import { AssayError } from "../../operators/index.js";
import type { BackendName } from "../execute/backend.js";
import { parseHex } from "../receipt/hex.js";

/** Options that several commands share, with one wording. */
export const MODEL_INPUT = {
  input: {
    alias: "i",
    type: "string",
    array: true,
    default: [] as string[],
    describe: "a graph input as name=file (.npy, .pb or .json); once per input",
  },
} as const;

export const BACKEND = {
  backend: {
    choices: ["auto", "wasm", "interpreter"] as const satisfies readonly BackendName[],
    default: "auto" as BackendName,
    describe: "where to compute; every backend gives the same bits",
  },
  threads: {
    type: "number",
    default: Math.min(4, availableParallelism()),
    describe: "compute threads; their number never changes a bit",
  },
  "memory-limit": {
    type: "number",
    describe: "refuse to start above this many MiB",
  },
} as const;

export const OUTPUT = {
  json: { type: "boolean", default: false, describe: "print one JSON object" },
  verbose: { type: "boolean", default: false, describe: "show stack traces of errors" },
} as const;

/** Hex of exactly `length` bytes, with or without 0x. */
export function hexOption(option: string, text: string, length: number): Uint8Array {
  const prefixed = text.startsWith("0x") ? text : `0x${text}`;
  const bytes = parseHex(prefixed.toLowerCase(), length);
  if (!bytes) {
    throw new AssayError("usage", `--${option} takes ${length} bytes of hex, got "${text}"`);
  }
  return bytes;
}

/** MiB to bytes. */
export function memoryLimit(mebibytes: number | undefined): { memoryLimit?: number } {
  if (mebibytes === undefined) return {};
  if (!(mebibytes > 0)) throw new AssayError("usage", "--memory-limit is a number of MiB above 0");
  return { memoryLimit: mebibytes * 2 ** 20 };
}
