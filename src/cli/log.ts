import type { LogEntry } from "../service/agent.js";
import type { Io } from "./command.js";
import { jsonLine, printable } from "./printable.js";
import { styleFor } from "./style.js";

export type Log = (entry: LogEntry) => void;

/** What a service says while it runs: JSON lines on stdout, or lines for people on stderr. */
export function startLog({ stdout, stderr, env }: Io, json: boolean, now = Date.now): Log {
  if (json) {
    return ({ level, what, facts }) => {
      stdout.write(jsonLine({ at: now(), level, what, ...facts }));
    };
  }
  const style = styleFor(stderr, env);
  return ({ level, what, facts }) => {
    const time = new Date(now()).toISOString().slice(11, 19);
    const text = printable(what);
    const said = level === "info" ? text : style.bad(`${level}: ${text}`);
    const known = Object.entries(facts).map(([name, value]) => `${name} ${factText(value)}`);
    const rest = known.length === 0 ? "" : `  ${style.dim(printable(known.join(", ")))}`;
    stderr.write(`${style.dim(time)}  ${said}${rest}\n`);
  };
}

function factText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
