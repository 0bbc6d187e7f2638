import { AssayError } from "../../../operators/index.js";
import { requireReplaceable } from "../../files/disk.js";
import { loadModelAndSkeleton } from "../../files/load-model.js";
import type { Granularity } from "../../graph/plan.js";
import type { Ledger } from "../../ledger/port.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import type { Speaker } from "../../service/agent.js";
import { type HostedModel, hostModel } from "../../service/hosted-model.js";
import { awaitJob, postJob, registerModel } from "../../service/post-job.js";
import { MODES, type Mode } from "../../settlement/messages.js";
import type { RuleBook } from "../../settlement/rule-book.js";
import type { Id, Job } from "../../settlement/state.js";
import { answerFiles, describeAnswer } from "../answer.js";
import type { Command, Io } from "../command.js";
import { EXIT } from "../errors.js";
import { loadInputs } from "../inputs.js";
import { describeJob, jobFacts, phaseText } from "../job-report.js";
import {
  AMOUNT,
  accountOf,
  durationOption,
  KEY,
  LEDGER,
  type LedgerArguments,
  withLedger,
} from "../network.js";
import { MODEL_INPUT, OUTPUT } from "../options.js";
import { jsonLine } from "../printable.js";
import { interruptible } from "../signals.js";
import { styleFor } from "../style.js";

interface Arguments extends LedgerArguments {
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
      choices: [...MODES],
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
      what: "Have a digit read by one executor, and wait for the answer",
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
  run: post,
};

/** For a run, in milliseconds, where the ledger allows as much. */
const WITHIN = 600_000;

async function post(args: Arguments, io: Io): Promise<number> {
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
