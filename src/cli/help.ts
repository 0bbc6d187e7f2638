import { familyOf } from "./arguments.js";
import { AREAS, type Command, type Example, type Option } from "./command.js";

/** What `assay --help` and `assay <command> --help` print. */
export function generalHelp(commands: readonly Command[], width: number): string {
  const listed = AREAS.flatMap((area) => {
    const members = commands.filter((c) => c.area === area);
    return members.length === 0 ? [] : [{ area, names: members.map(nameRow) }];
  });
  const left = Math.max(...listed.flatMap(({ names }) => names.map(([name]) => name.length)));
  const flags: Row[] = [
    ["-h, --help", "show help; also after a command"],
    ["    --version", "show the version"],
  ];
  return sections([
    ["Usage: assay <command> [options]"],
    wrapped(
      "Did this model, on this input, really produce this output? Assay runs models with the same bits on every machine, signs what came out, and finds the first wrong operator of a run that lies.",
      width,
    ),
    ...listed.map(({ area, names }) => [`${area}:`, ...rows(names, width, left)]),
    ["Options:", ...rows(flags, width)],
    ["Examples:", ...examples(FIRST_STEPS)],
    wrapped(EXIT_CODES, width),
  ]);
}

function nameRow({ name, target, summary }: Command): Row {
  return [`${name}${target ? ` <${target.name}>` : ""}`, summary];
}

/** What `assay ledger --help` prints. */
export function familyHelp(family: string, commands: readonly Command[], width: number): string {
  const members = commands.filter((c) => familyOf(c) === family);
  return sections([
    [`Usage: assay ${family} <command> [options]`],
    ["Commands:", ...rows(members.map(nameRow), width)],
    [`See also: assay ${members[0]?.name} --help`],
  ]);
}

const FIRST_STEPS: readonly Example[] = [
  { what: "See it all at work, in seconds", command: "assay demo" },
  {
    what: "Run a model and keep a signed receipt",
    command: "assay run model.onnx -i x=x.npy -o my-run",
  },
  {
    what: "Check somebody's run, bit for bit",
    command: "assay verify-run their-run -m model.onnx",
  },
];

export function commandHelp(command: Command, width: number): string {
  const { name, target, options, details } = command;
  const usage = [
    `Usage: assay ${name}`,
    ...(target ? [`<${target.name}>`] : []),
    ...requiredUsage(options),
    "[options]",
  ];
  const groups = new Map<string, Row[]>();
  const add = (group: string, row: Row): void => {
    groups.set(group, [...(groups.get(group) ?? []), row]);
  };
  if (target) add("Argument", [`    <${target.name}>`, target.describe]);
  for (const [key, option] of Object.entries(options)) add(option.group, optionRow(key, option));
  add(HELP_GROUP, ["-h, --help", "show this help"]);
  const left = Math.max(...[...groups.values()].flat().map(([l]) => l.length));
  return sections([
    wrapped(usage.join(" "), width),
    wrapped(details, width),
    ...[...groups].map(([group, list]) => [`${group}:`, ...rows(list, width, left)]),
    ["Examples:", ...examples(command.examples)],
    wrapped(command.exits ?? EXIT_CODES, width),
  ]);
}

/** Where `--help` itself is listed. */
export const HELP_GROUP = "Output";

function requiredUsage(options: Command["options"]): string[] {
  return Object.entries(options)
    .filter(([, o]) => o.required)
    .map(([key, o]) => `--${key} <${o.value}>`);
}

function optionRow(key: string, o: Option): Row {
  const alias = o.alias ? `-${o.alias}, ` : "    ";
  const extras = [
    ...(o.choices ? [`one of ${o.choices.join(", ")}`] : []),
    ...(o.many ? ["may be repeated"] : []),
    ...(o.default === undefined ? [] : [`default: ${o.default}`]),
    ...(o.otherwise === undefined ? [] : [`default: ${o.otherwise}`]),
    ...(o.required ? ["required"] : []),
  ];
  const extra = extras.length === 0 ? "" : ` (${extras.join("; ")})`;
  return [
    `${alias}--${key}${o.value === undefined ? "" : ` <${o.value}>`}`,
    `${o.describe}${extra}`,
  ];
}

type Row = readonly [left: string, right: string];

/** Two columns; the right one is wrapped beside the left one. */
function rows(list: readonly Row[], width: number, left?: number): string[] {
  const column = 2 + (left ?? Math.max(...list.map(([l]) => l.length))) + 2;
  return list.flatMap(([l, r]) =>
    wrapped(r, width - column).map(
      (line, i) => `${(i === 0 ? `  ${l}` : "").padEnd(column)}${line}`,
    ),
  );
}

function examples(list: readonly Example[]): string[] {
  return list.flatMap(({ what, command }, i) => [
    ...(i === 0 ? [] : [""]),
    `  ${what}:`,
    `    ${command}`,
  ]);
}

const EXIT_CODES =
  "Exit codes: 0 done or verified (--against: the other run is at fault), 1 refuted or outside tolerance, 2 failed, interrupted or could not check.";

function sections(list: readonly (readonly string[])[]): string {
  return `${list.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** Words in lines of at most `width` characters. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
