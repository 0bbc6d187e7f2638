import { join } from "node:path";
import { AssayError } from "../../../operators/index.js";
import { type BackendName, createMachine } from "../../execute/backend.js";
import type { Ledger } from "../../ledger/port.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import type { Speaker } from "../../service/agent.js";
import { serveExecutor } from "../../service/executor.js";
import type { HostedModel } from "../../service/hosted-model.js";
import { JobStore } from "../../service/job-store.js";
import { registerModel } from "../../service/post-job.js";
import type { LedgerState } from "../../settlement/state.js";
import { bondKey, entryOf } from "../../settlement/step.js";
import type { Command, Io } from "../command.js";
import { EXIT } from "../errors.js";
import { plural } from "../format.js";
import { type Log, startLog } from "../log.js";
import {
  AMOUNT,
  accountOf,
  hostModels,
  KEY,
  LEDGER,
  type LedgerArguments,
  LOG_OUTPUT,
  sayOrThrow,
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
  const models = hostModels(args.model);
  await untilStopped((signal) =>
    withLedger(args, signal, async (ledger, book) => {
      const account = accountOf(ledger, args.key, io);
      const on = { args, ledger, account, models, log };
      await prepare(on, signal);
      const { corrupt: spec, data } = args;
      const store = new JobStore(join(data), nodeHasher);
      const machine = () => createMachine(args);
      const agent = { ledger, account, hasher: nodeHasher, book, models, machine, signal, log };
      const drill = spec === undefined ? {} : { corrupt: drillOf(spec) };
      await serveExecutor({ ...agent, store, ...drill });
      await takeBack(on);
    }),
  );
  log({ level: "info", what: "stopped", facts: {} });
  return EXIT.ok;
}

const drillOf =
  (spec: string) =>
  ({ plan }: { readonly plan: Parameters<typeof corruptionOf>[0] }) =>
    corruptionOf(plan, spec);

interface Standing {
  readonly args: Arguments;
  readonly ledger: Ledger;
  readonly account: Speaker;
  readonly models: ReadonlyMap<string, HostedModel>;
  readonly log: Log;
}

/** Money, models and offers, as far as they are not there already. */
async function prepare(on: Standing, signal: AbortSignal): Promise<void> {
  const { args, ledger, account, models, log } = on;
  const { address } = account;
  log({ level: "info", what: "connected", facts: { ledger: ledger.state.id, account: address } });
  const unknown = [...models.values()].filter(({ id }) => !ledger.state.models.get(id));
  const [first] = unknown;
  if (first && !args.register) {
    throw new AssayError("ledger/refused", `the ledger does not know the model ${first.id}`, {
      hint: "--register registers it, for a fee",
      facts: { model: first.id },
    });
  }
  const fees = unknown.length * ledger.state.parameters.fees.registration;
  await awaitMoney(on, fees, signal);
  for (const model of unknown) {
    await registerModel(on, model);
    log({ level: "info", what: "registered a model", facts: { model: model.id } });
  }
  const amount = lackingStake(ledger.state, address, args.stake);
  if (amount > 0) await sayOrThrow(account, { kind: "stake", amount });
  for (const id of models.keys()) {
    if (ledger.state.models.get(id)?.executors.includes(address)) continue;
    await sayOrThrow(account, { kind: "enroll", model: id });
  }
  const stake = ledger.state.money.stakes.get(address) ?? 0;
  const what = `offering ${plural(models.size, "model")} with a stake of ${stake}`;
  log({ level: "info", what, facts: { account: address, stake } });
  const { executor: bond } = ledger.state.parameters.bonds;
  if (stake >= bond) return;
  const short = "the stake does not cover the bond of a job: it will not be drawn";
  log({ level: "warn", what: short, facts: { stake, bond } });
}

/** What is in bonds comes back, as a rule: it counts. */
function lackingStake(state: LedgerState, address: string, wanted = 0): number {
  const { stakes, locks } = state.money;
  const bonds = state.openJobs.reduce((n, id) => n + (locks.get(bondKey(address, id)) ?? 0), 0);
  return Math.max(0, wanted - (stakes.get(address) ?? 0) - bonds);
}

/** Until the operator has let in what the start takes. */
async function awaitMoney(
  { args, ledger, account, log }: Standing,
  fees: number,
  signal: AbortSignal,
): Promise<void> {
  for (let told = false; ; told = true) {
    const { state } = ledger;
    const need = fees + lackingStake(state, account.address, args.stake);
    const free = state.money.free.get(account.address) ?? 0;
    if (free >= need) return;
    if (!told) {
      const what = `waiting for a deposit of ${need - free}: assay ledger deposit ${account.address}`;
      log({ level: "warn", what, facts: { free, need } });
    }
    await ledger.changed(state.count, signal);
  }
}

/** Who is drawn and away pays for it. Jobs that are under way need this executor back in time. */
async function takeBack({ ledger, account, models, log }: Standing): Promise<void> {
  const { address } = account;
  try {
    for (const id of models.keys()) {
      if (!ledger.state.models.get(id)?.executors.includes(address)) continue;
      await sayOrThrow(account, { kind: "leave", model: id });
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log({ level: "warn", what: `its offers stay: ${why}`, facts: {} });
  }
  const { state } = ledger;
  const open = state.openJobs.filter((id) => {
    const job = state.jobs.get(id);
    const standing = job && entryOf(job, address)?.standing;
    return standing === "drawn" || standing === "sealed" || standing === "standing";
  });
  if (open.length === 0) return;
  const what = `${plural(open.length, "job")} of its own under way: start it again to keep the bonds`;
  log({ level: "warn", what, facts: { jobs: open } });
}
