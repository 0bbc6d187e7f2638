import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BENCHMARKS } from "./benchmarks/index.js";
import { hostFacts, hostText } from "./host.js";
import { isMet, reportText, targetText } from "./report.js";
import {
  measured,
  publish,
  type Results,
  readResults,
  type Section,
  writeResults,
} from "./results.js";
import { sectionInProcess } from "./section.js";

const README = fileURLToPath(new URL("README.md", import.meta.url));
/** The last figures of every benchmark, of which the README is written. */
const STORED = fileURLToPath(new URL("figures.json", import.meta.url));
const DOCS = fileURLToPath(new URL("../docs", import.meta.url));

const HELP = `npm run bench -- [options]

  --only a,b     these benchmarks: ${Object.keys(BENCHMARKS).join(", ")}
  --quick        few rounds and no shape above a gigaflop: for a look, not for figures
  --json file    write the results as JSON
  --readme       put the figures into bench/README.md and bench/figures.json, in place of older
                 ones of the same benchmarks, and plots into docs
  --from file    take results from an earlier --json instead of measuring
  --help         this text
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      readme: { type: "boolean", default: false },
      from: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const names = chosen(values.only);
  const results = values.from
    ? selected(readResults(values.from), names)
    : await measure(names, values.quick, (soFar) => {
        // What was measured must not be lost to what comes after it.
        if (values.json) writeResults(values.json, soFar);
      });
  if (values.from) for (const section of results.sections) print(section);
  printSummary(results);
  if (values.json && values.from) writeResults(values.json, results);
  if (values.readme) {
    publish(results, Object.keys(BENCHMARKS), { stored: STORED, readme: README, plots: DOCS });
  }
  return results.sections.length < names.length && !values.from ? 1 : 0;
}

function selected({ sections }: Results, names: readonly string[]): Results {
  return { sections: sections.filter(({ report }) => names.includes(report.name)) };
}

function chosen(only: string | undefined): string[] {
  const names = Object.keys(BENCHMARKS);
  if (only === undefined) return names;
  return only.split(",").map((name) => {
    if (!names.includes(name)) throw new RangeError(`there is no benchmark "${name}"\n\n${HELP}`);
    return name;
  });
}

/** A benchmark that fails says why and leaves the others as they are. */
async function measure(
  names: readonly string[],
  quick: boolean,
  after: (soFar: Results) => void,
): Promise<Results> {
  process.stdout.write(`${hostText(hostFacts())}\n\n`);
  const sections: Section[] = [];
  for (const name of names) {
    try {
      const section = await sectionInProcess(name, quick ? "quick" : "full");
      print(section);
      sections.push(section);
      after({ sections });
    } catch (error) {
      process.stderr.write(`${name} FAILED: ${error instanceof Error ? error.message : error}\n`);
    }
  }
  return { sections };
}

function print(section: Section): void {
  process.stdout.write(`${reportText(section.report)}\n  ${measured(section)}\n\n`);
}

function printSummary({ sections }: Results): void {
  const targets = sections.flatMap(({ report }) =>
    report.targets.map((target) => ({ name: report.name, target })),
  );
  if (targets.length === 0) return;
  const met = targets.filter(({ target }) => isMet(target)).length;
  process.stdout.write(`${met} of ${targets.length} targets met\n`);
  for (const { name, target } of targets) {
    process.stdout.write(`  ${name.padEnd(11)} ${targetText(target)}\n`);
  }
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
