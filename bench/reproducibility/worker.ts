import { writeFileSync } from "node:fs";
import { allCases } from "./cases.js";
import { RUNTIMES } from "./runtimes.js";

/**
 * tsx worker.ts <runtime> <threads> <with large cases: 0 or 1> <file>
 *
 * Runs every case on one runtime and writes, per case, the number of results (i32; −1 where the
 * runtime does not have the operator) and the results. A process of its own: thread counts are fixed
 * once per process, and another may run under an emulator.
 */
const [runtime = "", threads = "1", large = "1", file = ""] = process.argv.slice(2);
const run = await RUNTIMES[runtime]?.(Number(threads));
if (!run || file === "") throw new RangeError(`there is no runtime "${runtime}"`);

const parts: Uint8Array[] = [];
for (const c of allCases()) {
  const skipped = c.variation === "large" && large !== "1";
  const results = skipped ? undefined : await run(c);
  parts.push(new Uint8Array(Int32Array.of(results ? results.length : -1).buffer));
  if (results) parts.push(new Uint8Array(results.buffer, results.byteOffset, results.byteLength));
}
writeFileSync(file, Buffer.concat(parts));
// Some runtimes keep threads alive that would keep the process.
process.exit(0);
