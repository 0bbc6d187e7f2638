import type { Command } from "../command.js";

type Loader = readonly [name: string, load: () => Promise<unknown>];

/** Every command by its name, in the order in which the help lists them. */
const LOADERS: readonly Loader[] = [
  ["demo", async () => (await import("./demo.js")).demoCommand],
  ["run", async () => (await import("./run.js")).runCommand],
  ["verify-run", async () => (await import("./verify-run.js")).verifyRunCommand],
  ["inspect", async () => (await import("./inspect.js")).inspectCommand],
  ["doctor", async () => (await import("./doctor.js")).doctorCommand],
  ["ledger serve", async () => (await import("./ledger-serve.js")).ledgerServeCommand],
  ["ledger check", async () => (await import("./ledger-check.js")).ledgerCheckCommand],
  ["ledger deposit", async () => (await import("./ledger-deposit.js")).ledgerDepositCommand],
  ["account", async () => (await import("./account.js")).accountCommand],
  ["executor serve", async () => (await import("./executor-serve.js")).executorServeCommand],
  ["watch", async () => (await import("./watch.js")).watchCommand],
  ["job post", async () => (await import("./job-post.js")).jobPostCommand],
  ["job show", async () => (await import("./job-show.js")).jobShowCommand],
];

export function allCommands(): Promise<readonly Command[]> {
  return loaded(LOADERS);
}

/**
 * Those that a command line may mean: the ones that begin with its first word, or all where none
 * does. A file takes a millisecond to load, and most lines are about one of them.
 */
export function commandsFor(first: string | undefined): Promise<readonly Command[]> {
  const meant = LOADERS.filter(([name]) => name.split(" ")[0] === first);
  return loaded(meant.length === 0 ? LOADERS : meant);
}

async function loaded(loaders: readonly Loader[]): Promise<readonly Command[]> {
  return (await Promise.all(loaders.map(([, load]) => load()))) as readonly Command[];
}
