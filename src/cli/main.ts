#!/usr/bin/env node
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { AssayError } from "../../operators/index.js";
import { inspectCommand } from "./commands/inspect.js";
import { runCommand } from "./commands/run.js";
import { verifyRunCommand } from "./commands/verify-run.js";
import { describeError, EXIT, errorObject } from "./errors.js";
import { version } from "./version.js";

const args = hideBin(process.argv);

try {
  await yargs(args)
    .scriptName("assay")
    .usage("$0 <command>\n\nChecks that a model really produced an output, bit for bit.")
    .command(runCommand)
    .command(verifyRunCommand)
    .command(inspectCommand)
    .demandCommand(1, "Which command? See the list above.")
    .strict()
    .recommendCommands()
    .version(version())
    .help()
    .alias("h", "help")
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .epilogue("Exit codes: 0 verified or done, 1 refuted, 2 could not check or failed.")
    .fail((message, error, parser) => {
      if (error) throw error;
      throw new AssayError("usage", message, {
        hint: `see: assay ${commandOf(args)}--help`,
        cause: parser,
      });
    })
    .parseAsync();
} catch (error) {
  if (args.includes("--json")) process.stdout.write(`${JSON.stringify(errorObject(error))}\n`);
  else process.stderr.write(`${describeError(error, args.includes("--verbose"))}\n`);
  process.exitCode = EXIT.failed;
}

function commandOf(given: readonly string[]): string {
  const first = given[0];
  return first !== undefined && ["run", "verify-run", "inspect"].includes(first) ? `${first} ` : "";
}
