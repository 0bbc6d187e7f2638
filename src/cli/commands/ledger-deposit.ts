import type { Command } from "../command.js";
import { AMOUNT, KEY, LEDGER, type LedgerArguments } from "../network-options.js";
import { OUTPUT } from "../options.js";

export interface Arguments extends LedgerArguments {
  readonly address: string;
  readonly amount: number;
  readonly key?: string;
  readonly json: boolean;
}

export const ledgerDepositCommand: Command<Arguments> = {
  name: "ledger deposit",
  area: "A network",
  summary: "let money into a ledger, as its operator",
  details:
    "Says that money came in for an account. Only the key that the ledger was founded with may; what it stands for outside is between the operator and the account.",
  target: { name: "address", describe: "whose money it becomes; assay account shows one's own" },
  options: {
    amount: {
      value: "n",
      required: true,
      number: AMOUNT,
      group: "Money",
      describe: "how much, in the ledger's smallest unit",
    },
    ...LEDGER,
    ...KEY,
    ...OUTPUT,
  },
  examples: [
    {
      what: "Give an executor a million",
      command:
        "assay ledger deposit 0x52908400098527886e0f7030069857d2e4169ee7 --amount 1e6 --ledger http://127.0.0.1:7420",
    },
  ],
  exits: "Exit codes: 0 done, 2 failed or refused.",
  run: async (args, io) => (await import("../actions/ledger-deposit.js")).deposit(args, io),
};
