import { AssayError } from "../../../operators/index.js";
import { requireReplaceable } from "../../files/disk.js";
import { answerFiles, describeAnswer } from "../answer.js";
import type { Command, Io } from "../command.js";
import { EXIT } from "../errors.js";
import { describeJob, jobFacts } from "../job-report.js";
import { jobArgument, LEDGER, type LedgerArguments, withLedger } from "../network.js";
import { OUTPUT } from "../options.js";
import { jsonLine } from "../printable.js";
import { interruptible } from "../signals.js";
import { styleFor } from "../style.js";

interface Arguments extends LedgerArguments {
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
  run: show,
};

async function show(args: Arguments, io: Io): Promise<number> {
  const id = jobArgument(args.id);
  if (args.out !== undefined) requireReplaceable(args.out, args.force);
  await interruptible((signal) =>
    withLedger(args, signal, async (ledger, book) => {
      const job = ledger.state.jobs.get(id);
      if (!job) throw new AssayError("ledger/refused", `there is no job ${id} on this ledger`);
      const facts = jobFacts(ledger.state, job, book);
      const wanted = args.out !== undefined;
      const answer = wanted ? await answerFiles({ ledger, book, job, args, disk: io.disk }) : null;
      if (args.json) {
        io.stdout.write(jsonLine({ ...facts, ...(answer ? { answer: answer.facts } : {}) }));
      } else {
        const text = describeJob(facts, styleFor(io.stdout, io.env));
        io.stdout.write(`${text}${answer ? describeAnswer(answer) : ""}`);
      }
    }),
  );
  return EXIT.ok;
}
