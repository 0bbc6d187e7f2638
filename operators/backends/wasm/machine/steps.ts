import type { ContractionExports } from "./contractor.js";

/**
 * A loaded machine is a list of steps over one memory. Every thread holds the same list; a step is
 * cut into chunks that threads claim, and the next step starts when the last chunk is done. How
 * chunks fall on threads decides nothing about bits: a chunk is a range of output elements.
 */
export type Step = KernelStep | MapStep | ScanStep | PackStep | ContractStep;

/** A generated program over a range of its units. */
export interface KernelStep {
  readonly kind: "kernel";
  /** Position in the list of modules. */
  readonly kernel: number;
  /** Address of the result, then of every source. */
  readonly addresses: readonly number[];
  readonly units: number;
  readonly chunk: number;
}

/** A map that the contractor runs, over a range of elements. */
export interface MapStep {
  readonly kind: "map";
  /** Address of its record. */
  readonly record: number;
  readonly units: number;
  readonly chunk: number;
}

/** A recurrence: one chunk, run by one thread, because its slices wait for each other. */
export interface ScanStep {
  readonly kind: "scan";
  readonly steps: number;
  readonly slices: readonly ScanSlice[];
  readonly units: 1;
  readonly chunk: 1;
}

/** One stage of a recurrence: slice t is units t·units … (t + 1)·units − 1 of its kernel. */
export interface ScanSlice {
  readonly kernel: number;
  readonly addresses: readonly number[];
  readonly units: number;
}

/** Packs a constant column operand; done once at load. Units are panels of one job. */
export interface PackStep {
  readonly kind: "pack";
  readonly job: number;
  /** Whether the record is one of integers. */
  readonly integers?: true;
  readonly units: number;
  readonly chunk: number;
}

/** Matrix products, one job record per loop position. */
export interface ContractStep {
  readonly kind: "contract";
  /** packed: B was packed at load; fresh: packs block by block; direct: reads B where it lies. */
  readonly mode: "packed" | "fresh" | "direct";
  /** Whether the records are those of integers. */
  readonly integers?: true;
  readonly jobs: readonly number[];
  readonly rows: number;
  /** Panels; columns themselves in direct mode. */
  readonly columns: number;
  /** Which of the two is cut into chunks. */
  readonly split: "rows" | "columns";
  /** Chunks count over all jobs: `jobs.length · chunksPerJob`. */
  readonly chunksPerJob: number;
  readonly units: number;
  readonly chunk: number;
}

export type KernelRun = (...args: number[]) => void;

export function chunkCount(step: Step): number {
  return Math.ceil(step.units / step.chunk);
}

/** Runs chunks of steps with one thread's instances and workspace. */
export class StepRunner {
  constructor(
    private readonly kernels: readonly KernelRun[],
    private readonly contraction: ContractionExports,
    private readonly workspace: number,
  ) {}

  chunk(step: Step, index: number): void {
    const begin = index * step.chunk;
    const end = Math.min(step.units, begin + step.chunk);
    if (step.kind === "kernel") {
      (this.kernels[step.kernel] as KernelRun)(...step.addresses, begin, end);
    } else if (step.kind === "map") {
      this.contraction.runMap?.(step.record, begin, end);
    } else if (step.kind === "scan") {
      this.scan(step);
    } else if (step.kind === "pack") {
      if (step.integers) this.contraction.packIntegers(step.job, begin, end);
      else this.contraction.packB(step.job, begin, end);
    } else {
      for (let unit = begin; unit < end; unit++) this.contract(step, unit);
    }
  }

  private scan({ steps, slices }: ScanStep): void {
    for (let t = 0; t < steps; t++) {
      for (const { kernel, addresses, units } of slices) {
        (this.kernels[kernel] as KernelRun)(...addresses, t * units, (t + 1) * units);
      }
    }
  }

  private contract(step: ContractStep, unit: number): void {
    const job = step.jobs[Math.floor(unit / step.chunksPerJob)] as number;
    const part = unit % step.chunksPerJob;
    const whole = step.split === "rows" ? step.rows : step.columns;
    const from = Math.floor((whole * part) / step.chunksPerJob);
    const to = Math.floor((whole * (part + 1)) / step.chunksPerJob);
    const [m0, m1] = step.split === "rows" ? [from, to] : [0, step.rows];
    const [j0, j1] = step.split === "rows" ? [0, step.columns] : [from, to];
    if (step.integers) {
      const run = step.mode === "packed" ? "multiplyIntegers" : "multiplyIntegersFresh";
      this.contraction[run](job, m0, m1, j0, j1, this.workspace);
    } else if (step.mode === "packed") {
      this.contraction.multiply(job, m0, m1, j0, j1, this.workspace);
    } else if (step.mode === "fresh") {
      this.contraction.multiplyFresh(job, m0, m1, j0, j1, this.workspace);
    } else this.contraction.multiplyDirect(job, j0, j1, this.workspace);
  }
}
