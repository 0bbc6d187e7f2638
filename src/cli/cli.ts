import { disk } from "../files/disk.js";
import { firstWord, type Request, readArguments, withHelpWord } from "./arguments.js";
import type { Command, Io } from "./command.js";
import { commandsFor } from "./commands/index.js";
import { describeError, EXIT, errorObject } from "./errors.js";
import { jsonLine } from "./printable.js";

/**
 * The whole program: reads the arguments, runs the command, prints what it yields, and yields the
 * exit code. Never throws. Under `--json` stdout gets exactly one object, also for an error.
 */
export async function cli(given: readonly string[], io: Partial<Io> = {}): Promise<number> {
  const { stdout, stderr, env, disk: to } = { ...processIo(), ...io };
  const argv = withHelpWord(given);
  const width = Math.max(60, Math.min(100, stdout.columns ?? 80));
  try {
    const commands = await commandsFor(firstWord(argv));
    if (argv.length === 0) {
      stderr.write(await helpFor({ kind: "help" }, commands, width));
      return EXIT.failed;
    }
    const request = readArguments(argv, commands);
    if (request.kind === "run")
      return await request.command.run(request.args as never, { stdout, stderr, env, disk: to });
    const text =
      request.kind === "help"
        ? await helpFor(request, commands, width)
        : `${(await import("./version.js")).version()}\n`;
    stdout.write(text);
    return EXIT.ok;
  } catch (error) {
    const verbose = argv.includes("--verbose");
    if (argv.includes("--json")) stdout.write(jsonLine(errorObject(error)));
    else stderr.write(describeError(error, verbose));
    return EXIT.failed;
  }
}

async function helpFor(
  { command, family }: Request & { kind: "help" },
  commands: readonly Command[],
  width: number,
): Promise<string> {
  const { commandHelp, familyHelp, generalHelp } = await import("./help.js");
  if (command) return commandHelp(command, width);
  return family === undefined ? generalHelp(commands, width) : familyHelp(family, commands, width);
}

function processIo(): Io {
  return { stdout: process.stdout, stderr: process.stderr, env: process.env, disk };
}
