import { Worker } from "node:worker_threads";
import { AssayError } from "../../../errors.js";
import type { ContractorOrigin } from "./contractor.js";
import { chunkCount, type Step, type StepRunner } from "./steps.js";

/**
 * Words of the control block that all threads share: how many steps were announced, the step, its next
 * chunk, the gate, and whether a worker failed.
 */
export const CONTROL = { generation: 0, step: 1, next: 2, gate: 3, failed: 4, words: 8 } as const;

/**
 * The gate counts the workers inside a step; this bit says that none may enter. A step ends when its
 * chunks are done and nobody is inside: a worker that slept through it, because others keep the
 * processors busy, is not waited for.
 */
const CLOSED = 1 << 30;

/** A value of `CONTROL.step` that is no step. */
const STOP = -1;

/** Below this many chunks a step stays on the calling thread. */
const WORTH_SHARING = 2;

/** A worker that is silent for longer has died without a word; waiting on would hang the caller. */
const SILENCE_MS = 600_000;

/**
 * Spins before a waiting thread sleeps: about 0.2 ms, so that threads stay awake between the layers of
 * a run and between runs that follow each other; sleeping and waking costs 50 µs and more (a product of
 * one row by 768 columns takes 36).
 */
const SPINS = 20_000;

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
    this.announce(index);
    claimChunks(this.control, step, own);
    this.awaitWorkers();
  }

  private announce(step: number): void {
    const { control } = this;
    Atomics.store(control, CONTROL.step, step);
    Atomics.store(control, CONTROL.next, 0);
    Atomics.and(control, CONTROL.gate, ~CLOSED);
    Atomics.add(control, CONTROL.generation, 1);
    Atomics.notify(control, CONTROL.generation);
  }

  private awaitWorkers(): void {
    const { control } = this;
    Atomics.or(control, CONTROL.gate, CLOSED);
    for (let spins = 0; ; spins++) {
      const gate = Atomics.load(control, CONTROL.gate);
      if (gate === CLOSED) break;
      if (spins <= SPINS) continue;
      if (Atomics.wait(control, CONTROL.gate, gate, SILENCE_MS) === "timed-out") {
        throw new AssayError("backend/unavailable", "a worker thread does not answer");
      }
    }
    if (Atomics.load(control, CONTROL.failed) !== 0) {
      throw new AssayError("backend/unavailable", "a worker thread failed");
    }
  }

  async close(): Promise<void> {
    this.announce(STOP);
    await Promise.all(this.workers.map((w) => w.terminate()));
  }
}

/** What a worker does for as long as it lives. */
export function serve(control: Int32Array, steps: readonly Step[], runner: StepRunner): void {
  for (let seen = 0; ; ) {
    seen = awaitAnnouncement(control, seen);
    if ((Atomics.add(control, CONTROL.gate, 1) & CLOSED) === 0) {
      // Inside, the step is the one that the gate was opened for, whatever was announced before.
      const index = Atomics.load(control, CONTROL.step);
      if (index === STOP) return;
      try {
        claimChunks(control, steps[index] as Step, runner);
      } catch {
        Atomics.store(control, CONTROL.failed, 1);
      }
    }
    // The value before: the last one inside wakes whoever waits at the closed gate.
    if (Atomics.sub(control, CONTROL.gate, 1) === CLOSED + 1) Atomics.notify(control, CONTROL.gate);
  }
}

function awaitAnnouncement(control: Int32Array, seen: number): number {
  for (let spins = 0; ; spins++) {
    const now = Atomics.load(control, CONTROL.generation);
    if (now !== seen) return now;
    if (spins > SPINS) Atomics.wait(control, CONTROL.generation, seen);
  }
}

/** Claims and runs chunks until none are left. */
function claimChunks(control: Int32Array, step: Step, runner: StepRunner): void {
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
