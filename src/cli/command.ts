import type { Disk } from "../files/disk.js";

/** Where a command writes for people. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Everything a command touches besides the files that it reads. */
export interface Io {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly disk: Disk;
}

/** A command as data: the parser and the help are made from it. */
export interface Command<Args = never> {
  /** One word, or two: `ledger serve` is one of the family `ledger`. */
  readonly name: string;
  /** Under which heading the list of commands has it. */
  readonly area: Area;
  /** One line in the list of commands. */
  readonly summary: string;
  /** What it does, in a few sentences. */
  readonly details: string;
  /** The one argument without a flag, if it takes one; always required. */
  readonly target?: { readonly name: string; readonly describe: string };
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly Example[];
  /** What its exit codes mean, where that is not what they mean for others. */
  readonly exits?: string;
  /** Yields the exit code. */
  run(args: Args, io: Io): Promise<number>;
}

export const AREAS = ["Runs and receipts", "A network"] as const;
export type Area = (typeof AREAS)[number];

export interface Example {
  readonly what: string;
  readonly command: string;
}

/** Options by their names as typed (`memory-limit`); a command sees them in camel case. */
export interface Option {
  readonly alias?: string;
  /** Stands for the value in the help, such as `name=file`; a flag has none. */
  readonly value?: string;
  /** May be given more than once; the command sees an array. */
  readonly many?: boolean;
  readonly required?: boolean;
  readonly choices?: readonly string[];
  /** The value is a number that passes the test; `range` says which do. */
  readonly number?: { readonly test: (n: number) => boolean; readonly range: string };
  readonly default?: string | number;
  /** Where there is no default value: what is taken instead, in words. */
  readonly otherwise?: string;
  /** Heading in the help. */
  readonly group: string;
  readonly describe: string;
}
