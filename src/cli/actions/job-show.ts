import { AssayError } from "../../../operators/basis.js";
import { requireReplaceable } from "../../files/disk.js";
import { answerFiles, describeAnswer } from "../answer.js";
import type { Io } from "../command.js";
import type { Arguments } from "../commands/job-show.js";
import { EXIT } from "../errors.js";
import { describeJob, jobFacts } from "../job-report.js";
import { jobArgument, withLedger } from "../network.js";
import { jsonLine } from "../printable.js";
import { interruptible } from "../signals.js";
import { styleFor } from "../style.js";

export async function show(args: Arguments, io: Io): Promise<number> {
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
