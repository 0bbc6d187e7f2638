import type { Machine } from "../../../operators/index.js";
import { type Placed, place, runPlaced } from "../../backends/placed-cases.js";
import { digestOf } from "./digest.js";
import type { TableCase, TableRow } from "./types.js";
import type { Workload } from "./workload.js";

/**
 * Cases per load of a machine. All of them fit one load, but an engine that emulates another says
 * nothing for minutes then; more loads cost more starts of threads.
 */
const BATCH = 600;

/** Runs all cases on machines made by `create` and digests every stage's bytes. */
export async function programRows(
  workloads: readonly Workload[],
  create: () => Machine,
  progress: (done: number) => void,
): Promise<TableRow[]> {
  const rows = new Map<string, TableCase[]>();
  for (let from = 0; from < workloads.length; from += BATCH) {
    const batch = workloads.slice(from, from + BATCH);
    const digests = await runBatch(batch, create());
    batch.forEach(({ row, name }, i) => {
      const cases = rows.get(row) ?? [];
      rows.set(row, cases);
      cases.push({ name, digest: digests[i] as string });
    });
    progress(from + batch.length);
  }
  return [...rows].map(([name, cases]) => ({ name, cases }));
}

/** A workload without stages has its result already: it was folded. */
async function runBatch(batch: readonly Workload[], machine: Machine): Promise<string[]> {
  const placed: Placed[] = [];
  let end = 0;
  for (const { inputs, constant, ...lowering } of batch) {
    const one = place(lowering, inputs, end, constant);
    placed.push(one.placed);
    end = one.end;
  }
  const results = await runPlaced(machine, placed, end);
  return batch.map(({ folded }, i) => digestOf(folded ?? (results[i] as Uint8Array[])));
}
