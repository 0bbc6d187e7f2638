import { createMachine } from "../../execute/backend.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { type ExecutorOptions, serveExecutor } from "../../service/executor.js";
import { JobStore } from "../../service/job-store.js";
import { keepOffers, type OfferOptions, takeOffersBack } from "../../service/offers.js";
import { entryOf } from "../../settlement/step.js";
import type { Io } from "../command.js";
import type { Arguments } from "../commands/executor-serve.js";
import { EXIT } from "../errors.js";
import { plural } from "../format.js";
import { startLog } from "../log.js";
import { accountOf, durationOption, hostModels, withLedger } from "../network.js";
import { untilStopped } from "../signals.js";
import { corruptionOf } from "./run.js";

export async function serve(args: Arguments, io: Io): Promise<number> {
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
