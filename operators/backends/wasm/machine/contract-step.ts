import type { Epilogue } from "../contraction/operands.js";
import type { Contraction } from "../contraction/recognise.js";
import type { Cutting } from "./contractor.js";
import type { ContractStep } from "./steps.js";

/** Bits of a job's epilogue word, as the kernel defines them. */
const BIAS_ROWS = 4;
const BIAS_COLUMNS = 8;
const RELU = 16;
const RESIDUAL = 32;

/** A step for products of that shape, cut into chunks that are worth a thread. */
export function contractStep(
  mode: ContractStep["mode"],
  jobs: readonly number[],
  shape: Contraction,
  depth: number,
  threads: number,
  by: Cutting,
): ContractStep {
  const { panel, tileRows } = by;
  const rows = shape.rows.count;
  const chunkWork = by.chunkWork(rows);
  const direct = mode === "direct";
  const columns = direct ? shape.columns.count : Math.ceil(shape.columns.count / panel);
  const split = direct || columns >= rows ? "columns" : "rows";
  const work = rows * shape.columns.count * Math.max(1, depth);
  const most =
    split === "rows" ? Math.ceil(rows / tileRows) : Math.ceil(columns / (direct ? 64 : 1));
  const wanted = threads === 1 ? 1 : Math.min(4 * threads, Math.ceil(work / chunkWork));
  const chunksPerJob = Math.max(1, Math.min(most, wanted));
  const units = jobs.length * chunksPerJob;
  const chunk = Math.max(1, Math.ceil(chunkWork / Math.max(1, work / chunksPerJob)));
  return { kind: "contract", mode, jobs, rows, columns, split, chunksPerJob, units, chunk };
}

/** The word for what a kernel adds to finished sums; 0 for a map. */
export function epilogueBits(epilogue: Epilogue): number {
  if (epilogue.kind === "map") return 0;
  const { bias, residual, relu } = epilogue;
  const along = bias === undefined ? 0 : bias.along === "rows" ? BIAS_ROWS : BIAS_COLUMNS;
  return along | (residual ? RESIDUAL : 0) | (relu ? RELU : 0);
}
