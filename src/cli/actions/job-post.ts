import { AssayError } from "../../../operators/basis.js";
import { requireReplaceable } from "../../files/disk.js";
import { loadModelAndSkeleton } from "../../files/load-model.js";
import type { Ledger } from "../../ledger/port.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import type { Speaker } from "../../service/agent.js";
import { type HostedModel, hostModel } from "../../service/hosted-model.js";
import { awaitJob, postJob, registerModel } from "../../service/post-job.js";
import type { RuleBook } from "../../settlement/rule-book.js";
import type { Id, Job } from "../../settlement/state.js";
import { answerFiles, describeAnswer } from "../answer.js";
import type { Io } from "../command.js";
import type { Arguments } from "../commands/job-post.js";
import { EXIT } from "../errors.js";
import { loadInputs } from "../inputs.js";
import { describeJob, jobFacts, phaseText } from "../job-report.js";
import { accountOf, durationOption, withLedger } from "../network.js";
import { jsonLine } from "../printable.js";
import { interruptible } from "../signals.js";
import { styleFor } from "../style.js";

/** For a run, in milliseconds, where the ledger allows as much. */
const WITHIN = 600_000;

export async function post(args: Arguments, io: Io): Promise<number> {
  if (args.out !== undefined) requireReplaceable(args.out, args.force);
  const within = args.within === undefined ? undefined : durationOption("within", args.within);
  const hosted = hostModel(nodeHasher, loadModelAndSkeleton(args.model));
  const inputs = loadInputs(hosted.model.graph, args.input);
  return interruptible(
    (signal) =>
      withLedger(args, signal, async (ledger, book) => {
        const account = accountOf(ledger, args.key, io);
        await requireModel(args, ledger, account, hosted);
        const { mode, granularity } = args;
        const executors = args.executors ?? (mode === "replayed" ? 3 : 1);
        const fee = args.fee ?? ledger.state.parameters.fees.job * executors;
        const { commit } = ledger.state.parameters.windows;
        const commitWithin = within ?? Math.min(WITHIN, commit);
        const terms = { mode, granularity, executors, fee, commitWithin };
        signal.throwIfAborted();
        const request = { ledger, account, hasher: nodeHasher, hosted, inputs, ...terms };
        const id = await postJob(request);
        return followed({ args, io, ledger, book, signal }, id);
      }),
    "interrupted; a job that was posted goes on: assay job show tells of it",
  );
}

async function requireModel(
  { register }: Arguments,
  ledger: Ledger,
  account: Speaker,
  hosted: HostedModel,
): Promise<void> {
  if (ledger.state.models.get(hosted.id)) return;
  if (register) return registerModel({ ledger, account }, hosted);
  throw new AssayError("ledger/refused", `the ledger does not know the model ${hosted.id}`, {
    hint: "--register registers it, for a fee",
    facts: { model: hosted.id },
  });
}

export interface Following {
  readonly args: Pick<Arguments, "wait" | "out" | "force" | "json">;
  readonly io: Io;
  readonly ledger: Ledger;
  readonly book: RuleBook;
  readonly signal: AbortSignal;
}

async function followed(on: Following, id: Id): Promise<number> {
  const { args, io, ledger, book, signal } = on;
  const { json } = args;
  if (!args.wait && args.out === undefined) {
    const job = ledger.state.jobs.get(id) as Job;
    io.stdout.write(json ? jsonLine(jobFacts(ledger.state, job, book)) : `  posted     ${id}\n`);
    return EXIT.ok;
  }
  if (!json) io.stdout.write(`  posted     ${id}\n`);
  const job = await awaitJob(ledger, id, signal, ({ phase, entries }) => {
    const drawn = phase.name === "committing" ? ` (drawn: ${entries.length})` : "";
    if (!json) io.stdout.write(`  ${phase.name.padEnd(14)} ${phaseText(phase)}${drawn}\n`);
  });
  return concluded(on, job);
}

/** Tells of a job that has ended, and writes its answer where one is asked for. */
async function concluded({ args, io, ledger, book }: Following, job: Job): Promise<number> {
  const facts = jobFacts(ledger.state, job, book);
  const answered = job.phase.name === "ended" && job.phase.end.kind === "answered";
  const answer = answered ? await answerFiles({ ledger, book, job, args, disk: io.disk }) : null;
  if (args.json) io.stdout.write(jsonLine({ ...facts, answer: answer?.facts ?? null }));
  else {
    const style = styleFor(io.stdout, io.env);
    io.stdout.write(`\n${describeJob(facts, style)}${answer ? describeAnswer(answer) : ""}`);
  }
  return answered ? EXIT.ok : EXIT.refuted;
}
