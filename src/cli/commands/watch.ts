import type { BackendName } from "../../execute/backend.js";
import type { Command } from "../command.js";
import { KEY, LEDGER, type LedgerArguments, LOG_OUTPUT } from "../network-options.js";
import { BACKEND } from "../options.js";

export interface Arguments extends LedgerArguments {
  readonly model: readonly string[];
  readonly key?: string;
  readonly backend: BackendName;
  readonly threads: number;
  readonly json: boolean;
}

export const watchCommand: Command<Arguments> = {
  name: "watch",
  area: "A network",
  summary: "re-execute the jobs of a ledger and challenge what is wrong",
  details:
    "Runs every job of the given models once more while it can be challenged, and challenges each receipt that says something else. A challenge locks a bond of this account's free money; a conviction pays it back with a reward from the executor's bond.",
  options: {
    model: {
      alias: "m",
      value: "file",
      many: true,
      group: "Work",
      describe: "an ONNX file to watch the jobs of",
    },
    ...LEDGER,
    ...KEY,
    backend: BACKEND.backend,
    threads: BACKEND.threads,
    ...LOG_OUTPUT,
  },
  examples: [
    {
      what: "Watch the jobs of a model",
      command: "assay watch -m model.onnx --ledger http://127.0.0.1:7420",
    },
  ],
  exits: "Exit codes: 0 stopped by Ctrl-C or SIGTERM, 2 failed.",
  run: async (args, io) => (await import("../actions/watch.js")).watch(args, io),
};
