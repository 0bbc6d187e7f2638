import type { NativeHasher, NativeHashQueue } from "../../operators/backends/native/load.js";
import type { Tensor } from "../../operators/basis.js";
import { DIGEST_SIZE } from "../merkle/hash.js";
import { nativeCommitment } from "../merkle/native-batch.js";
import { nodeHasher } from "../merkle/node-hash.js";
import { commitmentHead, geometryOf } from "../merkle/tensor-tree.js";
import { type HashThread, hashHere, type OnHashed, type Pending } from "./pending.js";

/** What is hashed in about 5 µs; to hand it over and fetch its digest takes 3, and wakes a thread. */
const SMALL = 8 << 10;

/** The addon's thread. It holds the bytes of what it works on; whoever waits for it helps. */
export class NativeHashThread implements HashThread {
  private readonly queue: NativeHashQueue;
  private readonly answer = new Uint8Array(DIGEST_SIZE + 16);
  /** Milliseconds from 1970 to the start of the addon's clock. */
  private readonly clockOrigin: number;

  constructor(
    native: NativeHasher,
    private readonly onHashed: OnHashed | undefined,
  ) {
    this.queue = native.queue();
    this.clockOrigin = performance.timeOrigin + performance.now() - this.queue.clock();
  }

  begin(tensor: Tensor): Pending {
    if (tensor.bytes.length <= SMALL) return here.begin(tensor);
    const g = geometryOf(tensor);
    const native = nativeCommitment(g, tensor.bytes, commitmentHead(g));
    if (!native) return here.begin(tensor);
    return new Waiting(this, this.queue, this.queue.push(...native), tensor.bytes.length);
  }

  /** Waits for what has this number. */
  take(number: number, bytes: number): Uint8Array {
    const { answer, onHashed } = this;
    this.queue.take(number, answer);
    if (onHashed) {
      const view = new DataView(answer.buffer);
      const begun = view.getFloat64(DIGEST_SIZE, true);
      onHashed(bytes, this.clockOrigin + begun, view.getFloat64(DIGEST_SIZE + 8, true) - begun);
    }
    return answer.slice(0, DIGEST_SIZE);
  }

  async close(): Promise<void> {
    this.queue.close();
  }
}

const here = hashHere(nodeHasher);

class Waiting implements Pending {
  private known: Uint8Array | undefined;

  constructor(
    private readonly thread: NativeHashThread,
    private readonly queue: NativeHashQueue,
    private readonly number: number,
    private readonly bytes: number,
  ) {}

  isDone(): boolean {
    return this.known !== undefined || this.queue.isDone(this.number);
  }

  digest(): Uint8Array {
    this.known ??= this.thread.take(this.number, this.bytes);
    return this.known;
  }
}
