import { testMachines } from "./command.js";
import { MACHINES } from "./machines/index.js";

/** One line that is written over on a terminal, lines of their own in a log. */
function progress(text: string): void {
  if (process.stderr.isTTY)
    process.stderr.write(`\r\x1b[2K… ${text.split("\n")[0]?.slice(0, 120)}`);
  else process.stderr.write(`… ${text}\n`);
}

function print(text: string): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
  process.stdout.write(text);
}

// Machines are processes of their own: they are ended where this one ends, whatever ends it.
for (const [signal, code] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const]) {
  process.once(signal, () => process.exit(code));
}

process.exitCode = await testMachines(process.argv.slice(2), MACHINES, { print, progress });
