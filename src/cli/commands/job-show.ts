import type { Command } from "../command.js";
import { LEDGER, type LedgerArguments } from "../network-options.js";
import { OUTPUT } from "../options.js";

export interface Arguments extends LedgerArguments {
  readonly id: string;
  readonly out?: string;
  readonly force: boolean;
  readonly json: boolean;
}

export const jobShowCommand: Command<Arguments> = {
  name: "job show",
  area: "A network",
  summary: "show how a job stands: phases, receipts, disputes and verdicts",
  details:
    "Replays the ledger and shows a job: who was drawn, whose receipt stands, who challenged whom and how that ended. Needs no key.",
  target: { name: "id", describe: "the job, as assay job post said it" },
  options: {
    out: {
      alias: "o",
      value: "folder",
      group: "The answer",
      describe: "fetch the outputs, check them against the receipt, and write both here",
    },
    force: { group: "The answer", describe: "replace what an earlier job left in --out" },
    ...LEDGER,
    ...OUTPUT,
  },
  examples: [
    {
      what: "How does it stand",
      command: `assay job show 0x${"3f".repeat(32)} --ledger http://127.0.0.1:7420`,
    },
  ],
  exits: "Exit codes: 0 shown, 2 failed or no such job.",
  run: async (args, io) => (await import("../actions/job-show.js")).show(args, io),
};
