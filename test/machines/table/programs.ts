import type { Machine } from "../../../operators/index.js";
import { type Placed, place, runPlaced } from "../../backends/placed-cases.js";
import { digestOf } from "./digest.js";
import type { TableCase, TableRow } from "./types.js";
import type { NumberedWorkload, Workload } from "./workload.js";

/**
 * Cases per load of a machine. All of them fit one load, but an emulated engine would say nothing for
 * minutes; more loads cost more starts of threads.
 */
const BATCH = 600;

/**
 * Runs all cases on machines made by `create` and digests every stage's bytes. The interpreter makes
 * no difference between constants and other inputs, so it runs each case once.
 */
export async function programRows(
  workloads: readonly NumberedWorkload[],
  create: () => Machine,
  progress: (done: number) => void,
): Promise<TableRow[]> {
  const rows = new Map<string, { total: number; cases: TableCase[] }>();
  for (let from = 0; from < workloads.length; from += BATCH) {
    const batch = workloads.slice(from, from + BATCH);
    const digests = await runBatch(batch, create());
    batch.forEach(({ row, name, index, total }, i) => {
      const known = rows.get(row) ?? { total, cases: [] };
      rows.set(row, known);
      known.cases.push({ index, name, digest: digests[i] as string });
    });
    progress(from + batch.length);
  }
  return [...rows].map(([name, row]) => ({ name, ...row }));
}

/** Workloads whose bytes are known before they run keep them: they were folded. */
async function runBatch(batch: readonly Workload[], machine: Machine): Promise<string[]> {
  const isKnown = batch.map(
    (w, i) => machine.name === "interpreter" && isRepeated(w, batch[i - 1]),
  );
  const placed: Placed[] = [];
  let end = 0;
  batch.forEach(({ inputs, constant, ...lowering }, i) => {
    const one = isKnown[i]
      ? place(NOTHING, [], end, false)
      : place(lowering, inputs, end, constant);
    placed.push(one.placed);
    end = one.end;
  });
  const results = await runPlaced(machine, placed, end);
  const digests: string[] = [];
  batch.forEach(({ folded }, i) => {
    const own = (): string => digestOf(folded ?? (results[i] as Uint8Array[]));
    digests.push(isKnown[i] ? (digests[i - 1] as string) : own());
  });
  return digests;
}

const NOTHING = { stages: [] };

/** Whether a workload is the one before it with constants. */
function isRepeated(workload: Workload, before: Workload | undefined): boolean {
  return workload.constant && before?.stages === workload.stages;
}
