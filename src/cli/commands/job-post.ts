import type { Granularity } from "../../graph/plan.js";
import type { Mode } from "../../settlement/messages.js";
import type { Command } from "../command.js";
import { AMOUNT, KEY, LEDGER, type LedgerArguments } from "../network-options.js";
import { MODEL_INPUT, OUTPUT } from "../options.js";

export interface Arguments extends LedgerArguments {
  readonly model: string;
  readonly input: readonly string[];
  readonly mode: Mode;
  readonly executors?: number;
  readonly fee?: number;
  readonly within?: string;
  readonly granularity: Granularity;
  readonly register: boolean;
  readonly wait: boolean;
  readonly out?: string;
  readonly force: boolean;
  readonly key?: string;
  readonly json: boolean;
}

export const jobPostCommand: Command<Arguments> = {
  name: "job post",
  area: "A network",
  summary: "have a model run by executors of a ledger",
  details:
    "Sends the inputs to a ledger and posts a job, for a fee. Executors are drawn by stake and beacon; what they answer is tried by contest and challenge, and paid once it stands. The modes: instant pays at once; optimistic waits for challenges; sampled audits some jobs by chance; replayed has several executors run it.",
  target: { name: "model", describe: "the ONNX file; the ledger has to know the model" },
  options: {
    ...MODEL_INPUT,
    mode: {
      value: "name",
      choices: [...(["instant", "sampled", "optimistic", "replayed"] satisfies readonly Mode[])],
      default: "optimistic",
      group: "The job",
      describe: "how the answer is made sure of",
    },
    executors: {
      value: "n",
      number: AMOUNT,
      group: "The job",
      otherwise: "3 if replayed, else 1",
      describe: "how many run it",
    },
    fee: {
      value: "n",
      number: AMOUNT,
      group: "The job",
      otherwise: "the least that the ledger takes",
      describe: "paid in equal parts to those whose receipts stand",
    },
    within: {
      value: "time",
      group: "The job",
      otherwise: "10m, or the most that the ledger allows",
      describe: "what the executors have for the run, such as 90s, 10m, 2h",
    },
    granularity: {
      value: "name",
      choices: ["layer", "operator"],
      default: "layer",
      group: "The job",
      describe: "have them commit after every layer, or after every operator",
    },
    register: {
      group: "The job",
      describe: "register the model where the ledger does not know it; costs a fee",
    },
    wait: { group: "The answer", describe: "follow the job until it has ended" },
    out: {
      alias: "o",
      value: "folder",
      group: "The answer",
      describe: "wait, check the outputs against the receipt, and write both here",
    },
    force: { group: "The answer", describe: "replace what an earlier job left in --out" },
    ...LEDGER,
    ...KEY,
    ...OUTPUT,
  },
  examples: [
    {
      what: "Have a digit read, and wait for the answer",
      command:
        "assay job post model.onnx -i image=digit-5.npy -o answer --ledger http://127.0.0.1:7420",
    },
    {
      what: "By three, whose receipts are compared",
      command:
        "assay job post model.onnx -i image=digit-5.npy --mode replayed --executors 3 --wait --ledger http://127.0.0.1:7420",
    },
  ],
  exits: "Exit codes: 0 posted, or answered (--wait, --out), 1 ended without an answer, 2 failed.",
  run: async (args, io) => (await import("../actions/job-post.js")).post(args, io),
};
