import { type ChildProcess, spawn } from "node:child_process";

/** A child process whose output is read line by line, and that never outlives its caller. */
export interface Running {
  readonly child: ChildProcess;
  /** Settles with the end of the process; what it wrote to stderr is in the error. */
  readonly ended: Promise<void>;
}

/** Emulators warn on stderr about every feature they lack: only the end matters for an error. */
const KEPT_ERROR_TEXT = 2000;

/** The process leads a group of its own, so that whatever it starts ends with it. */
export function start(
  command: readonly string[],
  signal: AbortSignal,
  onLine: (line: string) => void = () => {},
  env: NodeJS.ProcessEnv = process.env,
): Running {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, env });
  let errors = "";
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) onLine(line);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-KEPT_ERROR_TEXT);
  });
  const stop = () => killGroup(child);
  process.once("exit", stop);
  signal.addEventListener("abort", stop, { once: true });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, by) => {
      process.off("exit", stop);
      signal.removeEventListener("abort", stop);
      if (code === 0) resolve();
      else reject(new Error(`${file} ended with ${by ?? code}${errors && `\n${errors.trim()}`}`));
    });
  });
  return { child, ended };
}

export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended in between.
  }
}
