import { disk } from "../files/disk.js";
import { type Request, readArguments, withHelpWord } from "./arguments.js";
import type { Command, Io } from "./command.js";
import { accountCommand } from "./commands/account.js";
import { demoCommand } from "./commands/demo.js";
import { doctorCommand } from "./commands/doctor.js";
import { executorServeCommand } from "./commands/executor-serve.js";
import { inspectCommand } from "./commands/inspect.js";
import { jobPostCommand } from "./commands/job-post.js";
import { jobShowCommand } from "./commands/job-show.js";
import { ledgerCheckCommand } from "./commands/ledger-check.js";
import { ledgerDepositCommand } from "./commands/ledger-deposit.js";
import { ledgerServeCommand } from "./commands/ledger-serve.js";
import { runCommand } from "./commands/run.js";
import { verifyRunCommand } from "./commands/verify-run.js";
import { watchCommand } from "./commands/watch.js";
import { describeError, EXIT, errorObject } from "./errors.js";
import { commandHelp, familyHelp, generalHelp } from "./help.js";
import { jsonLine } from "./printable.js";
import { version } from "./version.js";

/** In the order in which the help lists them. */
export const COMMANDS: readonly Command[] = [
  demoCommand,
  runCommand,
  verifyRunCommand,
  inspectCommand,
  doctorCommand,
  ledgerServeCommand,
  ledgerCheckCommand,
  ledgerDepositCommand,
  accountCommand,
  executorServeCommand,
  watchCommand,
  jobPostCommand,
  jobShowCommand,
] as readonly Command[];

/**
 * The whole program: reads the arguments, runs the command, prints what it yields, and yields the
 * exit code. Never throws. Under `--json` stdout gets exactly one object, also for an error.
 */
export async function cli(given: readonly string[], io: Partial<Io> = {}): Promise<number> {
  const { stdout, stderr, env, disk: to } = { ...processIo(), ...io };
  const argv = withHelpWord(given);
  const width = Math.max(60, Math.min(100, stdout.columns ?? 80));
  if (argv.length === 0) {
    stderr.write(generalHelp(COMMANDS, width));
    return EXIT.failed;
  }
  try {
    const request = readArguments(argv, COMMANDS);
    if (request.kind === "version") stdout.write(`${version()}\n`);
    else if (request.kind === "help") {
      stdout.write(helpFor(request, width));
    } else
      return await request.command.run(request.args as never, { stdout, stderr, env, disk: to });
    return EXIT.ok;
  } catch (error) {
    const verbose = argv.includes("--verbose");
    if (argv.includes("--json")) stdout.write(jsonLine(errorObject(error)));
    else stderr.write(describeError(error, verbose));
    return EXIT.failed;
  }
}

function helpFor({ command, family }: Request & { kind: "help" }, width: number): string {
  if (command) return commandHelp(command, width);
  return family === undefined ? generalHelp(COMMANDS, width) : familyHelp(family, COMMANDS, width);
}

function processIo(): Io {
  return { stdout: process.stdout, stderr: process.stderr, env: process.env, disk };
}
