import { Worker } from "node:worker_threads";
import { AssayError, byteLength, type Tensor } from "../../operators/index.js";
import type { Plan, PlanValue } from "../graph/plan.js";
import type { Committer } from "./trace.js";

/**
 * Commits to tensors on another thread, so that hashing a boundary overlaps the next segment. The
 * bytes are copied before `commit` returns: the run may reuse their place at once.
 */
export class HashThread {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiter>();
  private next = 0;

  /** `onHashed` is told of every tensor when it was begun (ms since 1970) and how long it took. */
  constructor(onHashed?: (bytes: number, startedAt: number, ms: number) => void) {
    this.worker = new Worker(workerUrl());
    this.worker.on("message", ({ id, digest, bytes, startedAt, ms }: HashAnswer) => {
      onHashed?.(bytes, startedAt, ms);
      this.waiting.get(id)?.resolve(digest);
      this.waiting.delete(id);
    });
    this.worker.on("error", (cause) => this.fail(cause));
    this.worker.on("exit", () => this.fail(undefined));
  }

  readonly commit: Committer = (tensor) => {
    const id = this.next++;
    const bytes = tensor.bytes.slice();
    const question: HashQuestion = { id, dtype: tensor.dtype, dims: tensor.dims, bytes };
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage(question, [bytes.buffer as ArrayBuffer]);
    });
  };

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private fail(cause: unknown): void {
    const error = new AssayError("backend/unavailable", "the hashing thread ended", { cause });
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

export interface HashQuestion extends Tensor {
  readonly id: number;
}

export interface HashAnswer {
  readonly id: number;
  readonly digest: Uint8Array;
  readonly bytes: number;
  readonly startedAt: number;
  readonly ms: number;
}

interface Waiter {
  resolve(digest: Uint8Array): void;
  reject(error: Error): void;
}

/** A thread takes about 40 ms to start, in which the main thread hashes about this much. */
const WORTH_A_THREAD = 32 << 20;

/** Whether a plan commits to enough bytes for a thread of its own to pay. */
export function wantsHashThread(plan: Plan): boolean {
  const committed = new Set(plan.segments.flatMap((s) => s.live));
  const bytes = [...committed].reduce((sum, v) => sum + byteLength(plan.values[v] as PlanValue), 0);
  return bytes > WORTH_A_THREAD;
}

/** Node runs JavaScript: when this file runs as TypeScript source, the built worker is used. */
function workerUrl(): URL {
  const fromSource = import.meta.url.endsWith(".ts");
  const built = "../../dist/src/execute/hash-worker.js";
  return new URL(fromSource ? built : "./hash-worker.js", import.meta.url);
}
