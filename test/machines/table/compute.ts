import type { Machine } from "../../../operators/index.js";
import { createMachine } from "../../../src/execute/backend.js";
import { nobleHasher } from "../../../src/merkle/hash.js";
import { hashRows } from "./hashes.js";
import { modelRows, tableModels } from "./models.js";
import { programRows } from "./programs.js";
import type {
  Column,
  ColumnName,
  Platform,
  TableMessage,
  TableRequest,
  TableRow,
} from "./types.js";
import { allWorkloads, tableWorkloads } from "./workload.js";

/** Computes the columns that are asked for, one after the other, and tells each as it is done. */
export async function computeTable(
  platform: Platform,
  request: TableRequest,
  tell: (message: TableMessage) => void,
): Promise<void> {
  tell({ kind: "engine", facts: platform.facts });
  for (const name of request.columns) {
    const start = Date.now();
    const rows = await columnRows(name, platform, request, (text) =>
      tell({ kind: "progress", text: `${name}: ${text}` }),
    );
    const seconds = (Date.now() - start) / 1000;
    const column: Column =
      typeof rows === "string"
        ? { column: name, seconds, unavailable: rows }
        : { column: name, seconds, rows };
    tell({ kind: "column", column });
  }
  tell({ kind: "done" });
}

/** The rows of a column, or why this engine has none. */
async function columnRows(
  name: ColumnName,
  platform: Platform,
  { rows, sample }: TableRequest,
  progress: (text: string) => void,
): Promise<readonly TableRow[] | string> {
  const pattern = new RegExp(rows ?? "");
  const wanted = (row: string): boolean => pattern.test(row);
  switch (name) {
    case "sha-256 noble":
      return hashRows(nobleHasher).filter((r) => wanted(r.name));
    case "sha-256 node":
      try {
        return hashRows(await platform.nodeHasher()).filter((r) => wanted(r.name));
      } catch (error) {
        return `no crypto.hash: ${error instanceof Error ? error.message : error}`;
      }
    default:
      return computedRows(creatorOf(name), platform, { wanted, sample }, progress);
  }
}

interface Selection {
  readonly wanted: (row: string) => boolean;
  readonly sample: number | undefined;
}

async function computedRows(
  create: () => Machine,
  platform: Platform,
  { wanted, sample }: Selection,
  progress: (text: string) => void,
): Promise<TableRow[]> {
  const workloads = tableWorkloads(allWorkloads(wanted), sample);
  const programs = await programRows(workloads, create, (done) =>
    progress(`${done} of ${workloads.length} cases`),
  );
  progress("models");
  const models = (await tableModels(platform)).filter((m) => wanted(`model: ${m.name}`));
  return [...programs, ...(await modelRows(models, create))];
}

function creatorOf(name: ColumnName): () => Machine {
  if (name === "interpreter") return () => createMachine({ backend: "interpreter" });
  const threads = Number(name.slice("wasm ×".length));
  return () => createMachine({ backend: "wasm", threads });
}
