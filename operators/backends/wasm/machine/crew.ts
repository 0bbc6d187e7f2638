import { Worker } from "node:worker_threads";
import { AssayError } from "../../../errors.js";
import type { ContractorOrigin } from "./contractor.js";
import { chunkCount, type Step, type StepRunner } from "./steps.js";

/** Words of the control block that all threads share. */
export const CONTROL = { generation: 0, step: 1, next: 2, left: 3, failed: 4, words: 8 } as const;

/** Values of `CONTROL.step` that are not steps. */
export const STOP = -1;

/** Below this many chunks a step stays on the calling thread. */
const WORTH_SHARING = 2;

/** A worker that is silent for longer has died without a word; waiting on would hang the caller. */
const SILENCE_MS = 600_000;

/** Spins before a waiting thread sleeps: about 20 µs, less than a sleep and wake-up costs. */
export const SPINS = 2000;

export interface WorkerSetup {
  readonly control: SharedArrayBuffer;
  readonly memory: WebAssembly.Memory;
  readonly modules: readonly WebAssembly.Module[];
  readonly contraction: ContractorOrigin;
  readonly steps: readonly Step[];
  readonly workspace: number;
}

/**
 * Threads that run chunks of steps. The caller takes part: with n threads there are n − 1 workers.
 * Work is handed out by an atomic counter, so no thread waits while another has chunks left.
 */
export class Crew {
  private readonly control: Int32Array;

  private constructor(
    private readonly workers: readonly Worker[],
    control: SharedArrayBuffer,
  ) {
    this.control = new Int32Array(control);
  }

  /** Starts the workers and waits until each has compiled its instances. */
  static async start(setups: readonly WorkerSetup[], control: SharedArrayBuffer): Promise<Crew> {
    const workers = setups.map((setup) => new Worker(workerUrl(), { workerData: setup }));
    const ready = workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.once("message", () => resolve());
          worker.once("error", reject);
        }),
    );
    try {
      await Promise.all(ready);
    } catch (cause) {
      await Promise.all(workers.map((w) => w.terminate()));
      throw new AssayError("backend/unavailable", "a worker thread did not start", { cause });
    }
    for (const w of workers) w.unref();
    return new Crew(workers, control);
  }

  /** Runs one step to its end on all threads. */
  run(index: number, step: Step, own: StepRunner): void {
    const chunks = chunkCount(step);
    if (this.workers.length === 0 || chunks < WORTH_SHARING) {
      for (let i = 0; i < chunks; i++) own.chunk(step, i);
      return;
    }
    const { control } = this;
    Atomics.store(control, CONTROL.step, index);
    Atomics.store(control, CONTROL.next, 0);
    Atomics.store(control, CONTROL.left, this.workers.length);
    Atomics.add(control, CONTROL.generation, 1);
    Atomics.notify(control, CONTROL.generation);
    claimChunks(control, step, own);
    this.awaitWorkers();
  }

  private awaitWorkers(): void {
    const { control } = this;
    for (let spins = 0; ; spins++) {
      const left = Atomics.load(control, CONTROL.left);
      if (left === 0) break;
      if (spins <= SPINS) continue;
      if (Atomics.wait(control, CONTROL.left, left, SILENCE_MS) === "timed-out") {
        throw new AssayError("backend/unavailable", "a worker thread does not answer");
      }
    }
    if (Atomics.load(control, CONTROL.failed) !== 0) {
      throw new AssayError("backend/unavailable", "a worker thread failed");
    }
  }

  async close(): Promise<void> {
    Atomics.store(this.control, CONTROL.step, STOP);
    Atomics.add(this.control, CONTROL.generation, 1);
    Atomics.notify(this.control, CONTROL.generation);
    await Promise.all(this.workers.map((w) => w.terminate()));
  }
}

/** Claims and runs chunks until none are left. */
export function claimChunks(control: Int32Array, step: Step, runner: StepRunner): void {
  const chunks = chunkCount(step);
  for (;;) {
    const chunk = Atomics.add(control, CONTROL.next, 1);
    if (chunk >= chunks) return;
    runner.chunk(step, chunk);
  }
}

/** Node runs JavaScript: when this file runs as TypeScript source, the built worker is used. */
function workerUrl(): URL {
  const fromSource = import.meta.url.endsWith(".ts");
  const built = "../../../../dist/operators/backends/wasm/machine/worker.js";
  return new URL(fromSource ? built : "./worker.js", import.meta.url);
}
