import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BENCHMARKS, type Benchmark } from "./benchmarks/index.js";
import { optimiseWebAssembly } from "./engine.js";
import { hostFacts, hostText } from "./host.js";
import { watchOthers } from "./others.js";
import { isMet, reportText, targetText } from "./report.js";
import {
  measured,
  publish,
  type Results,
  readResults,
  type Section,
  writeResults,
} from "./results.js";
import { type Scale, settingsFor } from "./settings.js";

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
  const chosenOnes = chosen(values.only);
  const results = values.from
    ? selected(readResults(values.from), chosenOnes)
    : await measure(chosenOnes, values.quick, (soFar) => {
        // What was measured must not be lost to what comes after it.
        if (values.json) writeResults(values.json, soFar);
      });
  if (values.from) for (const section of results.sections) print(section);
  printSummary(results);
  if (values.json && values.from) writeResults(values.json, results);
  if (values.readme) {
    publish(results, Object.keys(BENCHMARKS), { stored: STORED, readme: README, plots: DOCS });
  }
  return results.sections.length < chosenOnes.length && !values.from ? 1 : 0;
}

function selected({ sections }: Results, chosenOnes: readonly [string, Benchmark][]): Results {
  const names = new Set(chosenOnes.map(([name]) => name));
  return { sections: sections.filter(({ report }) => names.has(report.name)) };
}

function chosen(only: string | undefined): [string, Benchmark][] {
  if (only === undefined) return Object.entries(BENCHMARKS);
  return only.split(",").map((name) => {
    const benchmark = BENCHMARKS[name];
    if (!benchmark) throw new RangeError(`there is no benchmark "${name}"\n\n${HELP}`);
    return [name, benchmark];
  });
}

/** A benchmark that fails says why and leaves the others as they are. */
async function measure(
  benchmarks: [string, Benchmark][],
  quick: boolean,
  after: (soFar: Results) => void,
): Promise<Results> {
  optimiseWebAssembly();
  const scale = quick ? "quick" : "full";
  process.stdout.write(`${hostText(hostFacts())}\n\n`);
  const sections: Section[] = [];
  for (const [name, benchmark] of benchmarks) {
    try {
      const section = await sectionOf(benchmark, scale);
      print(section);
      sections.push(section);
      after({ sections });
    } catch (error) {
      clearProgress();
      process.stderr.write(`${name} FAILED: ${error instanceof Error ? error.message : error}\n`);
    }
  }
  return { sections };
}

async function sectionOf(benchmark: Benchmark, scale: Scale): Promise<Section> {
  const host = hostFacts();
  const others = watchOthers();
  const start = performance.now();
  const report = await benchmark(settingsFor(scale, showProgress));
  clearProgress();
  const seconds = (performance.now() - start) / 1000;
  const busy = others();
  const about = busy === undefined ? {} : { others: busy };
  return { date: new Date().toISOString(), scale, host, seconds, ...about, report };
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

/** One line that is written over on a terminal, lines of their own in a log. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K… ${text}`);
  else process.stderr.write(`… ${text}\n`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
}

process.exitCode = await main().catch((error: unknown) => {
  clearProgress();
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
