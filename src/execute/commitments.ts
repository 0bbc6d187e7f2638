import { byteLength, type Call, isScan, type MachineCall } from "../../operators/index.js";
import type { PlanValue } from "../graph/plan.js";
import type { HashThread, Pending } from "./pending.js";
import type { Measure } from "./profiler.js";
import type { Session } from "./session.js";

/** A tensor of a run that is being read: bytes `from` … `to` − 1 of the arena. */
interface Reading {
  readonly pending: Pending;
  readonly from: number;
  readonly to: number;
}

/**
 * The commitments of a run. Each value is committed once, when it is first asked for, where it lies;
 * a run waits for it only before its place is overwritten.
 */
export class Commitments {
  private readonly known = new Map<number, Pending>();
  private reading: Reading[] = [];

  constructor(
    private readonly session: Session,
    private readonly thread: HashThread,
    private readonly measure: Measure,
  ) {}

  begin(value: number): void {
    if (this.known.has(value)) return;
    const { name, dtype, dims } = this.session.plan.values[value] as PlanValue;
    const bytes = this.session.bytes(value);
    const tensor = { dtype, dims, bytes };
    const pending = this.measure("hash", name, bytes.length, () => this.thread.begin(tensor));
    this.known.set(value, pending);
    if (pending.isDone()) return;
    const from = this.session.layout.offsets[value] as number;
    this.reading.push({ pending, from, to: from + bytes.length });
  }

  /** Waits for what lies where nodes `first` … `end − 1` write. */
  release(first: number, end: number): void {
    if (this.reading.length === 0) return;
    this.reading = this.reading.filter((r) => !r.pending.isDone());
    const { calls, callsOf } = this.session.layout;
    for (let i = callsOf[first] as number; i < (callsOf[end] as number); i++) {
      if (this.reading.length === 0) return;
      this.releaseFrom(calls[i] as MachineCall);
    }
  }

  of(value: number): Uint8Array {
    this.begin(value);
    return (this.known.get(value) as Pending).digest();
  }

  private releaseFrom(call: MachineCall): void {
    const writes = isScan(call) ? call.calls : [call];
    const overwritten = this.reading.filter((r) => writes.some((w) => overlaps(w, r)));
    if (overwritten.length === 0) return;
    this.measure("wait", "hashes", 0, () => {
      for (const { pending } of overwritten) pending.digest();
    });
    this.reading = this.reading.filter((r) => !overwritten.includes(r));
  }
}

function overlaps({ out, program }: Call, { from, to }: Reading): boolean {
  return out < to && out + byteLength({ dtype: program.dtype, dims: program.out }) > from;
}
