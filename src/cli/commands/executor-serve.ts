import type { BackendName } from "../../execute/backend.js";
import type { Command } from "../command.js";
import { AMOUNT, KEY, LEDGER, type LedgerArguments, LOG_OUTPUT } from "../network-options.js";
import { BACKEND } from "../options.js";

export interface Arguments extends LedgerArguments {
  readonly model: readonly string[];
  readonly data: string;
  readonly key?: string;
  readonly stake?: number;
  readonly steps: number;
  readonly within: string;
  readonly leastFee: number;
  readonly register: boolean;
  readonly corrupt?: string;
  readonly backend: BackendName;
  readonly threads: number;
  readonly json: boolean;
}

export const executorServeCommand: Command<Arguments> = {
  name: "executor serve",
  area: "A network",
  summary: "run the jobs that a ledger draws this account for, for a fee",
  details:
    "Offers to run models for a ledger. For every job that its account is drawn for it fetches the inputs, runs the model, seals and reveals a receipt, and defends it when it is challenged. What it needs for that is in the data folder before it says anything, so a restart loses no bond. Stopped by Ctrl-C, it first takes its offers back.",
  options: {
    model: {
      alias: "m",
      value: "file",
      many: true,
      group: "Work",
      describe: "an ONNX file to run jobs of",
    },
    data: {
      value: "folder",
      required: true,
      group: "Work",
      describe: "where its runs are kept, to defend them",
    },
    stake: {
      value: "n",
      number: AMOUNT,
      group: "Work",
      otherwise: "what is staked already",
      describe: "stake up to this; waits for a deposit where there is too little",
    },
    steps: {
      value: "n",
      number: AMOUNT,
      default: Number.MAX_SAFE_INTEGER,
      group: "Terms",
      describe: "take no job of more steps of arithmetic than this",
    },
    within: {
      value: "time",
      default: "10s",
      group: "Terms",
      describe: "take no job that leaves less than this for the run, such as 90s or 2h",
    },
    "least-fee": {
      value: "n",
      number: { test: (n) => Number.isSafeInteger(n) && n >= 0, range: "a whole number from 0" },
      default: 0,
      group: "Terms",
      describe: "take no job that pays less",
    },
    register: {
      group: "Work",
      describe: "register models that the ledger does not know; costs a fee each",
    },
    ...LEDGER,
    ...KEY,
    backend: BACKEND.backend,
    threads: BACKEND.threads,
    corrupt: {
      value: "op[:element]",
      group: "Drills",
      describe: "falsify one element of an operator's output in every run, to be convicted of it",
    },
    ...LOG_OUTPUT,
  },
  examples: [
    {
      what: "Offer a model, with a stake of half a million",
      command:
        "assay executor serve -m model.onnx --data my-executor --stake 500000 --ledger http://127.0.0.1:7420",
    },
    {
      what: "Cheat on purpose, to see the ledger convict",
      command:
        "assay executor serve -m model.onnx --data drill --stake 500000 --corrupt 7 --ledger http://127.0.0.1:7420",
    },
  ],
  exits: "Exit codes: 0 stopped by Ctrl-C or SIGTERM, 2 failed.",
  run: async (args, io) => (await import("../actions/executor-serve.js")).serve(args, io),
};
