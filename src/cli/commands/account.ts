import type { Command } from "../command.js";
import { AMOUNT, KEY, LEDGER, type LedgerArguments } from "../network-options.js";
import { OUTPUT } from "../options.js";

export interface Arguments extends LedgerArguments {
  readonly key?: string;
  readonly stake?: number;
  readonly unstake?: number;
  readonly withdraw?: number;
  readonly json: boolean;
}

const change = (describe: string) =>
  ({ value: "n", number: AMOUNT, group: "Money", describe }) as const;

export const accountCommand: Command<Arguments> = {
  name: "account",
  area: "A network",
  summary: "show an account on a ledger: money, stake, open bonds",
  details:
    "Shows the account of a key, and moves its money: free money can be staked, so that executors are drawn by it, and what is staked and in no bond can be freed again.",
  options: {
    stake: change("put so much free money behind this executor"),
    unstake: change("make so much of the stake free again"),
    withdraw: change("take so much free money out of the ledger"),
    ...LEDGER,
    ...KEY,
    ...OUTPUT,
  },
  examples: [
    {
      what: "Show one's address, to be given money",
      command: "assay account --ledger http://127.0.0.1:7420",
    },
    {
      what: "Stake, to be drawn as an executor",
      command: "assay account --stake 500000 --ledger http://127.0.0.1:7420",
    },
  ],
  exits: "Exit codes: 0 done, 2 failed or refused.",
  run: async (args, io) => (await import("../actions/account.js")).account(args, io),
};
