import type { Option } from "./command.js";

/** Options of every command that talks to a ledger. */
export const LEDGER = {
  ledger: {
    value: "url",
    required: true,
    group: "The ledger",
    describe: "where it is served, such as http://127.0.0.1:7420",
  },
  "expect-ledger": {
    value: "hex",
    group: "The ledger",
    describe: "its id must be this; without it, whichever answers there is believed",
  },
} as const satisfies Readonly<Record<string, Option>>;

/** The account in whose name a command speaks. */
export const KEY = {
  key: {
    value: "file",
    group: "The ledger",
    otherwise: "a local key, made on first use",
    describe: "the account's key, 64 hex digits",
  },
} as const satisfies Readonly<Record<string, Option>>;

/** Output of commands that run until they are stopped. */
export const LOG_OUTPUT = {
  json: { group: "Output", describe: "print one JSON object per line on stdout" },
  verbose: { group: "Output", describe: "say more, and show stack traces of errors" },
} as const satisfies Readonly<Record<string, Option>>;

export interface LedgerArguments {
  readonly ledger: string;
  readonly expectLedger?: string;
}

/** Whole amounts of the ledger's smallest unit. */
export const AMOUNT = {
  test: (n: number) => Number.isSafeInteger(n) && n > 0,
  range: "a whole number from 1",
};
