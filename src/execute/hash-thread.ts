import { byteLength } from "../../operators/basis.js";
import type { Plan, PlanValue } from "../graph/plan.js";
import { shaHasher } from "../merkle/native-batch.js";
import { NativeHashThread } from "./native-hash-thread.js";
import type { HashThread, OnHashed } from "./pending.js";
import { WorkerHashThread } from "./worker-hash-thread.js";

/** In the addon where it is here and the processor has instructions for SHA-256, else a worker. */
export function openHashThread(onHashed?: OnHashed): HashThread {
  const native = shaHasher();
  return native ? new NativeHashThread(native, onHashed) : new WorkerHashThread(onHashed);
}

/** A worker takes about 40 ms to start, in which this thread hashes about this much. */
const WORTH_A_WORKER = 32 << 20;
/** The addon's thread takes 50 µs. */
const WORTH_A_THREAD = 1 << 20;

/** Whether a plan commits to enough bytes for a thread of its own to pay. */
export function wantsHashThread(plan: Plan): boolean {
  const committed = new Set(plan.segments.flatMap((s) => s.live));
  const bytes = [...committed].reduce((sum, v) => sum + byteLength(plan.values[v] as PlanValue), 0);
  return bytes > (shaHasher() ? WORTH_A_THREAD : WORTH_A_WORKER);
}
