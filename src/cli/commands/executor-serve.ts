import { type BackendName, createMachine } from "../../execute/backend.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { type ExecutorOptions, serveExecutor } from "../../service/executor.js";
import { JobStore } from "../../service/job-store.js";
import { keepOffers, type OfferOptions, takeOffersBack } from "../../service/offers.js";
import { entryOf } from "../../settlement/step.js";
import type { Command, Io } from "../command.js";
import { EXIT } from "../errors.js";
import { plural } from "../format.js";
import { startLog } from "../log.js";
import {
  AMOUNT,
  accountOf,
  durationOption,
  hostModels,
  KEY,
  LEDGER,
  type LedgerArguments,
  LOG_OUTPUT,
  withLedger,
} from "../network.js";
import { BACKEND } from "../options.js";
import { untilStopped } from "../signals.js";
import { corruptionOf } from "./run.js";

interface Arguments extends LedgerArguments {
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
  run: serve,
};

async function serve(args: Arguments, io: Io): Promise<number> {
  const log = startLog(io, args.json);
  const { steps, leastFee: fee, stake = 0, register } = args;
  const terms = { steps, within: durationOption("within", args.within), fee };
  const models = hostModels(args.model);
  await untilStopped((signal) =>
    withLedger(args, signal, async (ledger, book) => {
      const account = accountOf(ledger, args.key, io);
      const facts = { ledger: ledger.state.id, account: account.address };
      log({ level: "info", what: `connected to ${args.ledger}`, facts });
      const agent = { ledger, account, models, signal, log };
      const store = new JobStore(args.data, nodeHasher);
      const machine = () => createMachine(args);
      await together(signal, [
        (stop) => keepOffers({ ...agent, signal: stop, terms, stake, register }),
        (stop) =>
          serveExecutor({
            ...agent,
            signal: stop,
            store,
            hasher: nodeHasher,
            book,
            machine,
            ...drillOf(args),
          }),
      ]);
      await takeBack(agent);
    }),
  );
  log({ level: "info", what: "stopped", facts: {} });
  return EXIT.ok;
}

function drillOf({ corrupt: spec }: Arguments): Pick<ExecutorOptions, "corrupt"> {
  return spec === undefined ? {} : { corrupt: ({ plan }) => corruptionOf(plan, spec) };
}

/** Works that go on until they are stopped; where one fails the others are stopped too. */
async function together(
  signal: AbortSignal,
  works: readonly ((stop: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const done = works.map((work) =>
    work(stop).catch((error: unknown) => {
      failed.abort();
      throw error;
    }),
  );
  const ends = await Promise.allSettled(done);
  const error = ends.find((end) => end.status === "rejected");
  if (error) throw error.reason;
}

/** Jobs that are under way need this executor back in time. */
async function takeBack(
  agent: Pick<OfferOptions, "ledger" | "account" | "models" | "log">,
): Promise<void> {
  const { ledger, account, log } = agent;
  try {
    await takeOffersBack(agent);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log({ level: "warn", what: `its offers stay: ${why}`, facts: {} });
  }
  const { state } = ledger;
  const open = state.openJobs.filter((id) => {
    const job = state.jobs.get(id);
    const standing = job && entryOf(job, account.address)?.standing;
    return standing === "drawn" || standing === "sealed" || standing === "standing";
  });
  if (open.length === 0) return;
  const what = `${plural(open.length, "job")} of its own under way: start it again to keep the bonds`;
  log({ level: "warn", what, facts: { jobs: open } });
}
