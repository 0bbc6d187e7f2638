import type { FindOptions, MachineUnderTest, Start } from "./machines/machine.js";
import type { Column, ColumnName, EngineFacts } from "./table/types.js";
import type { MachineResult } from "./verdict.js";

export interface RunOptions extends FindOptions {
  /** Columns to compute where a machine has them; all of its own where absent. */
  readonly columns?: readonly ColumnName[];
  readonly rows?: string;
  /** Cases of each row that emulated machines compute; all where absent. */
  readonly sample?: number;
  /** Machines at a time. */
  readonly jobs: number;
  /** Seconds that one machine may take. */
  readonly timeout: number;
  /** Told about every machine when it is done. */
  readonly onResult: (result: MachineResult) => void;
}

/** Runs the table on all machines; the results are in their order, whoever ends first. */
export async function runMachines(
  machines: readonly MachineUnderTest[],
  options: RunOptions,
): Promise<MachineResult[]> {
  const results: MachineResult[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < machines.length; i = next++) {
      const result = await runMachine(machines[i] as MachineUnderTest, options);
      results[i] = result;
      options.onResult(result);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, lane));
  return results;
}

async function runMachine(machine: MachineUnderTest, options: RunOptions): Promise<MachineResult> {
  const { id, title } = machine;
  const progress = (text: string): void => options.progress(`${id}: ${text}`);
  try {
    const found = await machine.find({ fetch: options.fetch, progress });
    if (found.kind === "missing") return { id, title, outcome: "missing", how: found.how };
    const { processor } = found;
    return { id, title, processor, ...(await runTable(machine, found.start, options)) };
  } catch (error) {
    const processor = "unknown";
    return { id, title, outcome: "failed", processor, error: messageOf(error), columns: [] };
  }
}

type Outcome =
  | { outcome: "run"; facts: EngineFacts; columns: Column[]; seconds: number }
  | { outcome: "failed"; error: string; columns: Column[] };

/** A machine that does not finish all of its columns has failed; what it did finish is compared. */
async function runTable(
  machine: MachineUnderTest,
  start: Start,
  { columns: wanted, rows, sample, timeout, progress }: RunOptions,
): Promise<Outcome> {
  const names = machine.columns.filter((c) => wanted?.includes(c) ?? true);
  const request = {
    columns: names,
    ...(rows === undefined ? {} : { rows }),
    ...(sample === undefined || !machine.emulated ? {} : { sample }),
  };
  const columns: Column[] = [];
  let facts: EngineFacts | undefined;
  let error: string | undefined;
  const began = Date.now();
  const limit = AbortSignal.timeout(timeout * 1000);
  try {
    await start(
      request,
      (m) => {
        if (m.kind === "engine") facts = m.facts;
        else if (m.kind === "progress") progress(`${machine.id}: ${m.text}`);
        else if (m.kind === "column") columns.push(m.column);
        else if (m.kind === "failed") error = m.error;
      },
      limit,
    );
  } catch (cause) {
    error ??= limit.aborted ? `not done after ${timeout} s` : messageOf(cause);
  }
  if (error === undefined && columns.length < names.length) error = "it ended before it was done";
  if (error !== undefined || !facts)
    return { outcome: "failed", error: error ?? "it said nothing", columns };
  return { outcome: "run", facts, columns, seconds: (Date.now() - began) / 1000 };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
