import type { Command } from "../command.js";
import { OUTPUT } from "../options.js";

export interface Arguments {
  readonly folder: string;
  readonly json: boolean;
}

export const ledgerCheckCommand: Command<Arguments> = {
  name: "ledger check",
  area: "A network",
  summary: "replay a ledger's log and show what it amounts to",
  details:
    "Reads the folder of a ledger that is not being served and changes nothing. Checks that every record is as it was written, replays every event, and shows accounts, money, jobs and disputes. Where the log is damaged it names the first record that is wrong.",
  target: { name: "folder", describe: "the folder of a ledger" },
  options: OUTPUT,
  examples: [
    { what: "Check a ledger before serving it", command: "assay ledger check my-ledger" },
    { what: "The same for a program", command: "assay ledger check my-ledger --json" },
  ],
  exits: "Exit codes: 0 whole, 1 corrupt, 2 failed.",
  run: async (args, io) => (await import("../actions/ledger-check.js")).check(args, io),
};
