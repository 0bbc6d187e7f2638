import type { Command } from "../command.js";
import { LOG_OUTPUT } from "../network-options.js";

export interface Arguments {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly public: boolean;
  readonly trustProxy: readonly string[];
  readonly key?: string;
  readonly parameters?: string;
  readonly json: boolean;
}

export const ledgerServeCommand: Command<Arguments> = {
  name: "ledger serve",
  area: "A network",
  summary: "keep a ledger in a folder and serve it over HTTP",
  details:
    "Keeps the log of a ledger, tells its time, draws by its beacon and serves it to executors, watchers and requesters, who replay and check all of it. Founds a ledger where the folder is new or empty. What it has acknowledged outlives every crash.",
  target: { name: "folder", describe: "the ledger's folder; a new one to found a ledger" },
  options: {
    host: {
      value: "address",
      default: "127.0.0.1",
      group: "Serving",
      describe: "where to listen",
    },
    port: {
      value: "n",
      number: {
        test: (n) => Number.isInteger(n) && n >= 0 && n <= 65535,
        range: "a whole number from 0 to 65535",
      },
      default: 7420,
      group: "Serving",
      describe: "the port; 0 takes one that is free",
    },
    public: {
      group: "Serving",
      describe: "listen where others can reach it: only behind a proxy that speaks TLS",
    },
    "trust-proxy": {
      value: "address",
      many: true,
      group: "Serving",
      describe: "a proxy whose word on who asks is believed (X-Forwarded-For)",
    },
    key: {
      value: "file",
      group: "Founding",
      otherwise: "a local key, made on first use",
      describe: "the operator's key: its account lets money in",
    },
    parameters: {
      value: "file",
      group: "Founding",
      describe: "a JSON file of what is not to be as by default, such as bonds, fees and windows",
    },
    ...LOG_OUTPUT,
  },
  examples: [
    { what: "Found a ledger, or go on with it", command: "assay ledger serve my-ledger" },
    {
      what: "With windows of seconds, to try things out",
      command: "assay ledger serve my-ledger --parameters quick.json --port 0",
    },
  ],
  exits: "Exit codes: 0 stopped by Ctrl-C or SIGTERM, 2 failed.",
  run: async (args, io) => (await import("../actions/ledger-serve.js")).serve(args, io),
};
