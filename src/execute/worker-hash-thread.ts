import { Worker } from "node:worker_threads";
import { AssayError, type Tensor } from "../../operators/basis.js";
import { nodeHasher } from "../merkle/node-hash.js";
import { geometryOf } from "../merkle/tensor-tree.js";
import { ANSWER, ANSWER_BYTES, answerParts, type HashQuestion } from "./hash-question.js";
import { type HashThread, hashHere, type OnHashed, type Pending } from "./pending.js";

/** A worker that is silent for longer has died without a word; waiting on would hang the caller. */
const SILENCE_MS = 600_000;

/**
 * A worker that hashes. Where tensors lie in shared memory it reads them there, else it gets a copy.
 * Answers come through shared memory too, so that a synchronous run can wait for one.
 */
export class WorkerHashThread implements HashThread {
  private readonly worker: Worker;
  private readonly ready = new Int32Array(new SharedArrayBuffer(4));

  constructor(private readonly onHashed?: OnHashed) {
    this.worker = new Worker(workerUrl(), { workerData: this.ready });
    // Whoever waits sees that there is no answer; a worker's end is no end of the process.
    this.worker.on("error", () => {});
    this.worker.unref();
  }

  get isReady(): boolean {
    return Atomics.load(this.ready, 0) !== 0;
  }

  begin(tensor: Tensor): Pending {
    // It takes 40 ms to start, for which nobody waits.
    if (!this.isReady) return here.begin(tensor);
    const { dtype, dims } = geometryOf(tensor);
    const shared = tensor.bytes.buffer instanceof SharedArrayBuffer;
    const bytes = shared ? tensor.bytes : tensor.bytes.slice();
    const answer = new SharedArrayBuffer(ANSWER_BYTES);
    const question: HashQuestion = { dtype, dims, bytes, answer };
    this.worker.postMessage(question, shared ? [] : [bytes.buffer as ArrayBuffer]);
    return new Asked(answer, bytes.length, !shared, this.onHashed);
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

const here = hashHere(nodeHasher);

class Asked implements Pending {
  private readonly parts;
  private known: Uint8Array | undefined;

  constructor(
    answer: SharedArrayBuffer,
    private readonly bytes: number,
    private readonly copied: boolean,
    private readonly onHashed: OnHashed | undefined,
  ) {
    this.parts = answerParts(answer);
  }

  isDone(): boolean {
    return this.copied || Atomics.load(this.parts.state, 0) !== ANSWER.open;
  }

  digest(): Uint8Array {
    this.known ??= this.wait();
    return this.known;
  }

  private wait(): Uint8Array {
    const { state, times, digest } = this.parts;
    Atomics.wait(state, 0, ANSWER.open, SILENCE_MS);
    if (Atomics.load(state, 0) !== ANSWER.given) {
      throw new AssayError("backend/unavailable", "the hashing thread failed");
    }
    this.onHashed?.(this.bytes, times[0] as number, times[1] as number);
    return digest.slice();
  }
}

/** Node runs JavaScript: when this file runs as TypeScript source, the built worker is used. */
function workerUrl(): URL {
  const fromSource = import.meta.url.endsWith(".ts");
  const built = "../../dist/src/execute/hash-worker.js";
  return new URL(fromSource ? built : "./hash-worker.js", import.meta.url);
}
