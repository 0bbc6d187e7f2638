import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type * as helpers from "yargs/helpers";
import { AssayError } from "../../operators/errors.js";
import type { Command, Option } from "./command.js";
import { closest, suggestion } from "./suggest.js";

/**
 * The parser of yargs, from where yargs itself has it: its helpers load thirty files more, which lay out
 * help that is not asked for here and take a third of the time of a look at a receipt.
 */
const yargs = createRequire(createRequire(import.meta.url).resolve("yargs/helpers"));
const { default: Parser }: { readonly default: typeof helpers.Parser } = await import(
  pathToFileURL(yargs.resolve("yargs-parser")).href
);

/** Values by camel-case name: text, lists of text, numbers, flags. */
export type ParsedArguments = Record<string, string | number | boolean | string[] | undefined>;

/** What a command line asks for. */
export type Request =
  | { readonly kind: "help"; readonly command?: Command; readonly family?: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly command: Command; readonly args: ParsedArguments };

/**
 * Reads a command line. yargs splits it into flags and values; what may be there, how often and in
 * which form is checked here against the command's data, so that every complaint names the flag as
 * it was typed and says what would be right. Throws `usage`.
 */
export function readArguments(argv: readonly string[], commands: readonly Command[]): Request {
  const words = beforeDashes(argv);
  const [first, second] = plainWords(words);
  if (first === undefined) return withoutCommand(words);
  const family = commands.filter((c) => familyOf(c) === first);
  if (family.length > 0 && second === undefined) return withoutSecondWord(first, words, family);
  const name = family.length > 0 ? `${first} ${second}` : first;
  const command = commands.find((c) => c.name === name);
  if (!command) throw family.length > 0 ? unknownIn(name, family) : unknownCommand(name, commands);
  requireKnownFlags(command, words);
  if (wantsHelp(words)) return { kind: "help", command };
  return { kind: "run", command, args: checked(command, split(command, argv)) };
}

const plainWords = (words: readonly string[]): string[] =>
  words.filter((word) => !word.startsWith("-"));

/** The word that says which command, or which family of them, is meant. */
export function firstWord(argv: readonly string[]): string | undefined {
  return plainWords(beforeDashes(argv))[0];
}

/** The first word of a command of two words, such as `ledger serve`; undefined for one of one word. */
export function familyOf({ name }: Pick<Command, "name">): string | undefined {
  const space = name.indexOf(" ");
  return space < 0 ? undefined : name.slice(0, space);
}

function wantsHelp(words: readonly string[]): boolean {
  return words.includes("--help") || words.includes("-h");
}

function withoutSecondWord(
  family: string,
  words: readonly string[],
  members: readonly Command[],
): Request {
  const wrong = words.find((w) => w.startsWith("-") && !EVERYWHERE.includes(w));
  if (wrong === undefined && wantsHelp(words)) return { kind: "help", family };
  if (wrong === undefined) {
    const names = members.map((c) => c.name).join(", ");
    throw usage(`${family} what?`, `there are ${names}; see: assay ${family} --help`);
  }
  throw usage(`there is no option ${wrong} of ${family} alone`, `see: assay ${family} --help`);
}

function unknownIn(name: string, members: readonly Command[]): AssayError {
  const names = members.map((c) => c.name);
  const [family, word = ""] = name.split(" ");
  const guess = closest(
    word,
    names.map((n) => n.slice(n.indexOf(" ") + 1)),
  );
  const all = `there are ${names.join(", ")}; see: assay ${family} --help`;
  const hint = guess === undefined ? all : `did you mean ${family} ${guess}?`;
  return usage(`there is no command "${name}"`, hint);
}

/** `assay help run` is `assay run --help`. */
export function withHelpWord(argv: readonly string[]): readonly string[] {
  return argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
}

/** Flags that are known even where no command is. */
const EVERYWHERE: readonly string[] = ["--help", "-h", "--verbose", "--json"];

function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return end < 0 ? argv : argv.slice(0, end);
}

function withoutCommand(words: readonly string[]): Request {
  const wrong = words.find((w) => w !== "--version" && !EVERYWHERE.includes(w));
  if (wrong !== undefined) {
    throw usage(`there is no option ${wrong} without a command`, "see: assay --help");
  }
  if (words.includes("--version")) return { kind: "version" };
  if (wantsHelp(words)) return { kind: "help" };
  throw usage("which command?", "see: assay --help");
}

function unknownCommand(name: string, commands: readonly Command[]): AssayError {
  const names = [...new Set(commands.map((c) => familyOf(c) ?? c.name))];
  return usage(
    `there is no command "${name}"`,
    suggestion(name, names, `there are ${names.join(", ")}; see: assay --help`),
  );
}

/** Before anything else, so that a mistyped flag is not reported as a missing one. */
function requireKnownFlags(command: Command, words: readonly string[]): void {
  const long = [...Object.keys(command.options), "help"];
  const short = [...Object.values(command.options).flatMap((o) => o.alias ?? []), "h"];
  for (const word of words) {
    const flag = /^(--?)([A-Za-z][^=]*)/.exec(word);
    if (!flag) continue;
    const [, dashes, name] = flag as unknown as [string, string, string];
    const known = dashes === "--" ? long : short;
    if (known.includes(name)) continue;
    const guess = suggestion(name, long, "").replace("mean ", "mean --");
    throw usage(
      `${command.name} has no option ${dashes}${name}`,
      guess === "" ? `see: assay ${command.name} --help` : guess,
    );
  }
}

/** Every value as text, every flag as a boolean; repeated ones as lists. */
function split(command: Command, argv: readonly string[]): Record<string, unknown> {
  const flags = Object.entries(command.options);
  const named = (test: (o: Option) => boolean): string[] =>
    flags.filter(([, o]) => test(o)).map(([key]) => key);
  const aliases = flags.flatMap(([key, o]) => (o.alias ? [[key, o.alias] as const] : []));
  const { argv: values, error } = Parser.detailed([...argv], {
    alias: Object.fromEntries(aliases),
    array: named((o) => o.many === true),
    string: named((o) => o.value !== undefined),
    boolean: named((o) => o.value === undefined),
    // NaN: any number of values, but at least one.
    narg: Object.fromEntries(named((o) => o.value !== undefined).map((key) => [key, Number.NaN])),
    configuration: {
      "boolean-negation": false,
      "dot-notation": false,
      "duplicate-arguments-array": true,
      "greedy-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "short-option-groups": false,
      "strip-aliased": true,
      "strip-dashed": true,
    },
  });
  if (error) throw usage(worded(error.message), `see: assay ${command.name} --help`);
  return values;
}

function worded(message: string): string {
  const lacking = /^Not enough arguments following: (.+)$/.exec(message)?.[1];
  return lacking === undefined
    ? message
    : `${lacking.length > 1 ? "--" : "-"}${lacking} needs a value`;
}

function checked(command: Command, values: Record<string, unknown>): ParsedArguments {
  const args: ParsedArguments = {};
  const rest = (values._ as (string | number)[]).map(String).slice(command.name.split(" ").length);
  const { target } = command;
  if (target) {
    const given = rest.shift();
    if (!given)
      throw usage(
        `${command.name} needs <${target.name}>: ${target.describe}`,
        `see: assay ${command.name} --help`,
      );
    args[target.name] = given;
  }
  if (rest[0] !== undefined)
    throw usage(`"${rest[0]}" is one argument too many`, `see: assay ${command.name} --help`);
  for (const [key, option] of Object.entries(command.options)) {
    args[camelCase(key)] = optionValue(command, key, option, values[camelCase(key)]);
  }
  return args;
}

export function camelCase(key: string): string {
  return key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function optionValue(command: Command, key: string, option: Option, given: unknown) {
  if (option.value === undefined)
    return given === true || (Array.isArray(given) && given.includes(true));
  if (option.many) {
    const list = (given ?? []) as string[];
    if (list.includes(""))
      throw usage(`--${key} is empty`, `give it as --${key} <${option.value}>`);
    return list;
  }
  if (Array.isArray(given)) throw usage(`--${key} is given ${given.length} times`, "give it once");
  if (given === undefined) {
    if (option.required)
      throw usage(
        `${command.name} needs --${key} <${option.value}>: ${option.describe}`,
        `see: assay ${command.name} --help`,
      );
    return option.default;
  }
  return textOrNumber(key, option, String(given));
}

function textOrNumber(key: string, option: Option, text: string): string | number {
  if (text === "") throw usage(`--${key} is empty`, `give it as --${key} <${option.value}>`);
  const { choices, number } = option;
  if (choices && !choices.includes(text)) {
    throw usage(`--${key} is ${listOf(choices)}, not "${text}"`, suggestion(text, choices, ""));
  }
  if (!number) return text;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!number.test(value)) throw usage(`--${key} is ${number.range}, not "${text}"`, "");
  return value;
}

/** "a, b or c". */
function listOf(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function usage(message: string, hint: string): AssayError {
  return new AssayError("usage", message, hint === "" ? {} : { hint });
}
