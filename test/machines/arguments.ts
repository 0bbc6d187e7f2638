import { parseArgs } from "node:util";
import { COLUMNS, type ColumnName } from "./table/types.js";

export const HELP = `npm run test:machines -- [options]

  Computes one table of digests on every machine that is there and compares all of it, bit for bit.
  Exit code 0: all that ran agree. 1: they do not, or something failed. 2: the command was wrong.

  --only a,b       these machines
  --require a,b    fail where one of these did not run; all: every machine
  --fetch          download the pinned npm packages that carry Node binaries (about 45 MB each)
  --list           say which machines are there, and how to get the others; run nothing
  --columns a,b    these columns: ${COLUMNS.join(", ")}
  --rows pattern   only rows whose name matches this regular expression
  --sample n       emulated machines compute n cases of each row, evenly spread, not all
  --jobs n         machines at a time (1)
  --timeout s      seconds that one machine may take (7200)
  --json file      write the results as JSON
  --record         put the run into docs/machines.md
  --help           this text

  Nothing is installed. Emulators and browsers are looked for on the path.
`;

export interface Settings {
  readonly only: readonly string[];
  readonly require: readonly string[];
  readonly fetch: boolean;
  readonly list: boolean;
  readonly help: boolean;
  readonly columns?: readonly ColumnName[];
  readonly rows?: string;
  readonly sample?: number;
  readonly jobs: number;
  readonly timeout: number;
  readonly json?: string;
  readonly record: boolean;
}

/** Throws RangeError with what is wrong. */
export function parseSettings(args: readonly string[], machines: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      require: { type: "string" },
      fetch: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      columns: { type: "string" },
      rows: { type: "string" },
      sample: { type: "string" },
      jobs: { type: "string", default: "1" },
      timeout: { type: "string", default: "7200" },
      json: { type: "string" },
      record: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { fetch, list, record, help, json, rows, sample } = values;
  if (rows !== undefined) checkPattern(rows);
  const isPart = rows !== undefined || values.columns !== undefined;
  if (record && isPart)
    throw new RangeError("--record wants whole tables: no --rows, no --columns");
  const required = values.require === "all" ? machines.join() : values.require;
  const columns = values.columns && listOf("column", values.columns, COLUMNS);
  return {
    only: listOf("machine", values.only ?? machines.join(), machines),
    require: required === undefined ? [] : listOf("machine", required, machines),
    fetch,
    list,
    record,
    help,
    jobs: positive("--jobs", values.jobs),
    timeout: positive("--timeout", values.timeout),
    ...(columns ? { columns } : {}),
    ...(rows === undefined ? {} : { rows }),
    ...(sample === undefined ? {} : { sample: positive("--sample", sample) }),
    ...(json === undefined ? {} : { json }),
  };
}

function listOf<T extends string>(what: string, text: string, known: readonly T[]): T[] {
  return text.split(",").map((name) => {
    const found = known.find((k) => k === name.trim());
    if (!found) throw new RangeError(`there is no ${what} "${name}"; known: ${known.join(", ")}`);
    return found;
  });
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`${option} wants a positive whole number, not ${text}`);
}

function checkPattern(text: string): void {
  try {
    new RegExp(text);
  } catch {
    throw new RangeError(`--rows: ${text} is no regular expression`);
  }
}
