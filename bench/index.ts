import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BENCHMARKS, type Benchmark } from "./benchmarks/index.js";
import { optimiseWebAssembly } from "./engine.js";
import { hostFacts, hostText } from "./host.js";
import { isMet, type Report, reportText, targetText } from "./report.js";
import { type Results, readResults, updateReadme, writeFigures, writeResults } from "./results.js";
import { settingsFor } from "./settings.js";

const README = fileURLToPath(new URL("README.md", import.meta.url));
const DOCS = fileURLToPath(new URL("../docs", import.meta.url));

const HELP = `npm run bench -- [options]

  --only a,b     these benchmarks: ${Object.keys(BENCHMARKS).join(", ")}
  --quick        few rounds and no shape above a gigaflop: for a look, not for figures
  --json file    write the results as JSON
  --readme       put the figures into bench/README.md
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
  const results = values.from
    ? readResults(values.from)
    : await measure(chosen(values.only), values.quick);
  if (values.from) for (const report of results.reports) print(report);
  printSummary(results);
  if (values.json) writeResults(values.json, results);
  if (values.readme) {
    updateReadme(README, results);
    writeFigures(DOCS, results);
  }
  return 0;
}

function chosen(only: string | undefined): [string, Benchmark][] {
  if (only === undefined) return Object.entries(BENCHMARKS);
  return only.split(",").map((name) => {
    const benchmark = BENCHMARKS[name];
    if (!benchmark) throw new RangeError(`there is no benchmark "${name}"\n\n${HELP}`);
    return [name, benchmark];
  });
}

async function measure(benchmarks: [string, Benchmark][], quick: boolean): Promise<Results> {
  optimiseWebAssembly();
  const host = hostFacts();
  const scale = quick ? "quick" : "full";
  process.stdout.write(`${hostText(host)}\n\n`);
  const reports: Report[] = [];
  for (const [, benchmark] of benchmarks) {
    const report = await benchmark(settingsFor(scale, showProgress));
    clearProgress();
    print(report);
    reports.push(report);
  }
  return { date: new Date().toISOString(), scale, host, reports };
}

function print(report: Report): void {
  process.stdout.write(`${reportText(report)}\n`);
}

function printSummary({ reports }: Results): void {
  const targets = reports.flatMap((r) => r.targets.map((t) => ({ name: r.name, target: t })));
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
