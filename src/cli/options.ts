import { availableParallelism } from "node:os";
import { AssayError } from "../../operators/errors.js";
import { parseHex } from "../receipt/hex.js";
import type { Option } from "./command.js";

/** Options that several commands share, with one wording. */
type Options = Readonly<Record<string, Option>>;

export const MODEL_INPUT = {
  input: {
    alias: "i",
    value: "name=file",
    many: true,
    group: "Inputs",
    describe: "a graph input from a .npy, .pb or .json file",
  },
} as const satisfies Options;

export const BACKEND = {
  backend: {
    value: "name",
    choices: ["auto", "native", "wasm", "interpreter"],
    default: "auto",
    group: "Computing",
    describe: "where to compute; every backend gives the same bits",
  },
  threads: {
    value: "n",
    number: {
      test: (n) => Number.isInteger(n) && n >= 1 && n <= 64,
      range: "a whole number from 1 to 64",
    },
    default: Math.min(4, availableParallelism()),
    group: "Computing",
    describe: "compute threads; their number never changes a bit",
  },
  "memory-limit": {
    value: "MiB",
    number: { test: (n) => n > 0, range: "a number of MiB above 0" },
    group: "Computing",
    otherwise: "the memory that is free",
    describe: "refuse to start above this",
  },
} as const satisfies Options;

export const PROFILE = {
  profile: {
    value: "file",
    group: "Computing",
    describe: "show where the time goes, and write it to a new file as a Chrome trace",
  },
} as const satisfies Options;

export const CACHE = {
  "no-cache": {
    group: "Computing",
    describe: "hash the weights anew; else once for a file, with a note beside it",
  },
} as const satisfies Options;

export const OUTPUT = {
  json: { group: "Output", describe: "print one JSON object and nothing else" },
  verbose: { group: "Output", describe: "say more, and show stack traces of errors" },
} as const satisfies Options;

/** Hex of exactly `length` bytes, with or without 0x. */
export function hexOption(option: string, text: string, length: number): Uint8Array {
  const prefixed = /^0x/i.test(text) ? text.slice(2) : text;
  const bytes = parseHex(`0x${prefixed.toLowerCase()}`, length);
  if (!bytes) {
    throw new AssayError("usage", `--${option} takes ${length} bytes of hex, got "${text}"`, {
      hint: `${2 * length} hex digits, with or without 0x before them`,
    });
  }
  return bytes;
}
