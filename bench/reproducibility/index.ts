import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hostFacts } from "../host.js";
import { measure } from "./measure.js";
import { type Comparison, withFigures } from "./page.js";
import { canEmulate, emulatorVersion } from "./processes.js";

/**
 *   npm run compare:peers             measures; takes minutes, an hour on a busy machine
 *   npm run compare:peers -- --page   writes the page again from the last results
 *
 * Measures where Assay and its peers give other bits for the same arithmetic, writes results.json
 * beside this file and the tables of docs/reproducibility.md. Exit code 1 where Assay is not at 0
 * everywhere.
 */
const RESULTS = fileURLToPath(new URL("results.json", import.meta.url));
const PAGE = fileURLToPath(new URL("../../docs/reproducibility.md", import.meta.url));

function measured(): Comparison {
  return {
    date: new Date().toISOString(),
    host: hostFacts(),
    emulator: canEmulate() ? emulatorVersion() : "",
    ...measure((what) => process.stderr.write(`… ${what}\n`)),
  };
}

const again = process.argv.includes("--page");
const comparison: Comparison = again ? JSON.parse(readFileSync(RESULTS, "utf8")) : measured();
if (!again) writeFileSync(RESULTS, `${JSON.stringify(comparison, undefined, 2)}\n`);
writeFileSync(PAGE, withFigures(readFileSync(PAGE, "utf8"), comparison));

const own = comparison.lines.filter((line) => line.runtime === "assay");
const differing = own.flatMap(({ varied, found }) =>
  Object.entries(found)
    .filter(([, d]) => d.differ > 0)
    .map(([column, d]) => `${column}, ${varied}: ${d.differ} of ${d.compared}`),
);
for (const text of differing) process.stdout.write(`Assay differs: ${text}\n`);
const compared = own.flatMap((l) => Object.values(l.found)).reduce((n, d) => n + d.compared, 0);
process.stdout.write(
  `Assay: ${differing.length} of ${own.length} lines differ (${compared} elements)\n`,
);
process.exitCode = differing.length > 0 || compared === 0 ? 1 : 0;
