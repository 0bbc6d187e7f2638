import { readFile } from "node:fs/promises";
import { computeTable } from "./compute.js";
import { hostEndianness, type Platform, type TableMessage, type TableRequest } from "./types.js";

/**
 * The table on Node: `node on-node.js <request as JSON> <the project's folder as a URL>` prints one
 * message a line. Plain JavaScript once built, so that old engines run it.
 */
const [, , request = "", root = ""] = process.argv;

const platform: Platform = {
  facts: {
    engine: `Node ${process.versions.node}, V8 ${process.versions.v8}`,
    platform: `${process.platform} ${process.arch}`,
    endianness: hostEndianness(),
  },
  readFile: async (path) => new Uint8Array(await readFile(new URL(path, root))),
  // Imported on demand: engines before Node 20.12 and 21.7 have no `crypto.hash`.
  nodeHasher: async () => (await import("../../../src/merkle/node-hash.js")).nodeHasher,
};

function tell(message: TableMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

try {
  await computeTable(platform, JSON.parse(request) as TableRequest, tell);
} catch (error) {
  tell({ kind: "failed", error: String((error as Error).stack ?? error) });
  process.exitCode = 2;
}
