import { Worker } from "node:worker_threads";
import { nativeAddon } from "../operators/backends/native/index.js";
import { encodeModule } from "../operators/backends/wasm/encoder.js";
import { FunctionBody } from "../operators/backends/wasm/function-body.js";
import type { Subject } from "./measure.js";

/**
 * How fast memory can be read, measured by reading it: a loop of WebAssembly vectors that does nothing
 * else, over as many bytes as the work that is judged by it. Of several ways the best counts.
 */

const PAGE = 2 ** 16;
const VECTOR = 16;
/** Vectors of one stream in one turn of the loop: two cache lines. */
const AT_ONCE = 8;
/** Memory is read from this many places at once: a prefetcher follows several, and some like it. */
const STREAMS = [1, 4] as const;

/** Bytes must be a multiple of this for every number of streams and threads here. */
export const GRAIN = 64 * 2 ** 10;

type Read = (start: number, end: number) => number;

/** Readers of one memory, to be timed beside the work; `close` ends their threads. */
export interface Readers {
  readonly subjects: readonly Subject[];
  readonly bytes: number;
  close(): Promise<void>;
}

/** Readers of `bytes` bytes on so many threads, this one among them. */
export async function openReaders(bytes: number, threads: number): Promise<Readers> {
  const pages = bytes / PAGE;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const all = new Uint8Array(memory.buffer);
  preferLargePages(all);
  // Untouched pages are all the same one.
  all.fill(1);
  const modules = await Promise.all(STREAMS.map((n) => WebAssembly.compile(readModule(n, pages))));
  const workers = Array.from({ length: threads - 1 }, () => new ReaderThread(modules, memory));
  await Promise.all(workers.map((w) => w.ready));
  const subjects: Subject[] = [];
  for (const [kind, module] of modules.entries()) {
    const instance = await WebAssembly.instantiate(module, { env: { memory } });
    const read = instance.exports.read as Read;
    const share = bytes / threads;
    subjects.push({
      name: `read, ${STREAMS[kind]} streams`,
      run: () => {
        workers.forEach((w, i) => {
          w.begin(kind, share * (i + 1), share * (i + 2));
        });
        read(0, share);
        for (const worker of workers) worker.finish();
      },
    });
  }
  return {
    subjects,
    bytes,
    close: async () => {
      await Promise.all(workers.map((w) => w.close()));
    },
  };
}

/**
 * The addon asks for large pages for every memory it computes in; without them a reader would wait for
 * translations of addresses for which the work that is judged does not.
 */
function preferLargePages(bytes: Uint8Array): void {
  const native = nativeAddon();
  const level = "addon" in native ? native.addon.levels[0] : undefined;
  if ("addon" in native && level) native.addon.kernel(bytes, level.name);
}

/** `read(start, end)`: the lanes of all vectors from `start` to `end`, or-ed; nothing of it is stored. */
function readModule(streams: number, pages: number): Uint8Array<ArrayBuffer> {
  const type = { params: ["i32", "i32"], results: ["i32"] } as const;
  const f = new FunctionBody(type);
  const [start, end] = [0, 1];
  const stride = f.local("i32");
  const sums = Array.from({ length: AT_ONCE }, () => f.local("v128"));
  const places = Array.from({ length: streams }, () => f.local("i32"));
  f.get(end).get(start).op("i32.sub").i32(Math.log2(streams)).op("i32.shr_u").set(stride);
  places.forEach((place, i) => {
    f.get(stride).i32(i).op("i32.mul").get(start).op("i32.add").set(place);
  });
  f.get(start).get(stride).op("i32.add").set(end);
  f.loop((again) => {
    for (const place of places) {
      sums.forEach((sum, i) => {
        f.get(sum)
          .get(place)
          .memory("v128.load", VECTOR * i)
          .op("v128.or")
          .set(sum);
      });
    }
    for (const place of places) {
      f.get(place)
        .i32(VECTOR * AT_ONCE)
        .op("i32.add")
        .set(place);
    }
    f.get(places[0] as number)
      .get(end)
      .op("i32.lt_u")
      .brIf(again);
  });
  f.get(sums[0] as number);
  for (const sum of sums.slice(1)) f.get(sum).op("v128.or");
  f.lane("i32x4.extract_lane", 0);
  const bytes = encodeModule({
    memory: { min: pages, max: pages, shared: true },
    globals: 0,
    functions: [{ type, body: f.bytes() }],
    exports: [{ name: "read", function: 0 }],
  });
  return new Uint8Array(bytes);
}

/** Words that both sides see: which turn it is, which are done, and what is to be read. */
const TURN = 0;
const DONE = 1;
const KIND = 2;
const START = 3;
const END = 4;
const WORDS = 5;

/** Sleeps between reads, so that it does not disturb others that are timed. */
const THREAD = `
const { parentPort, workerData } = require("node:worker_threads");
const { modules, memory, words } = workerData;
const reads = modules.map((m) => new WebAssembly.Instance(m, { env: { memory } }).exports.read);
parentPort.postMessage("ready");
for (let turn = 0; ; turn++) {
  Atomics.wait(words, ${TURN}, turn);
  if (words[${KIND}] < 0) break;
  reads[words[${KIND}]](words[${START}], words[${END}]);
  Atomics.store(words, ${DONE}, turn + 1);
  Atomics.notify(words, ${DONE});
}`;

class ReaderThread {
  private readonly words = new Int32Array(new SharedArrayBuffer(4 * WORDS));
  private readonly worker: Worker;
  readonly ready: Promise<unknown>;
  private turn = 0;

  constructor(modules: readonly WebAssembly.Module[], memory: WebAssembly.Memory) {
    this.worker = new Worker(THREAD, {
      eval: true,
      execArgv: [],
      workerData: { modules, memory, words: this.words },
    });
    this.ready = new Promise((resolve, reject) => {
      this.worker.once("message", resolve);
      this.worker.once("error", reject);
    });
  }

  begin(kind: number, start: number, end: number): void {
    this.words.set([kind, start, end], KIND);
    Atomics.store(this.words, TURN, ++this.turn);
    Atomics.notify(this.words, TURN);
  }

  finish(): void {
    for (;;) {
      const done = Atomics.load(this.words, DONE);
      if (done === this.turn) return;
      Atomics.wait(this.words, DONE, done);
    }
  }

  async close(): Promise<void> {
    this.begin(-1, 0, 0);
    await this.worker.terminate();
  }
}
