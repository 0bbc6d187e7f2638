import type { ConstantBytes, Machine, MachineCall, MachineMemory } from "../../operators/index.js";
import type { Plan, PlanNode } from "../graph/plan.js";

/**
 * What a stretch of time went to. `run` is all of it; `operator` holds the `stage`s of an operator
 * of several; `wait` is what is left of other threads' work when this one is done.
 */
export type SpanKind = "run" | "load" | "receipt" | "operator" | "stage" | "hash" | "copy" | "wait";

/** A stretch of time, in milliseconds after the profiler was made. */
export interface Span {
  readonly kind: SpanKind;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Spans of one thread nest; those of two overlap. */
  readonly thread: "main" | "hashing";
  /** Index of the operator in the plan; of several that were computed together, the last. */
  readonly node?: number;
  /** All of them, ascending, where they are several. */
  readonly nodes?: readonly number[];
  /** What was copied or hashed. */
  readonly bytes?: number;
}

/** Times a piece of work. A promise counts until it is settled. */
export type Measure = <T>(kind: SpanKind, name: string, bytes: number, work: () => T) => T;

/** What runs where nobody asked for a profile. */
export const unmeasured: Measure = (_kind, _name, _bytes, work) => work();

/**
 * Records where the time of a run goes. It wraps the machine, which then runs call by call, and
 * measures around what is called besides; an unprofiled run has neither. Bits are the same.
 */
export class Profiler {
  readonly spans: Span[] = [];
  private readonly origin: number;

  constructor(private readonly now: () => number = () => performance.now()) {
    this.origin = now();
  }

  readonly measure: Measure = (kind, name, bytes, work) => {
    const end = this.begin({ kind, name, ...(bytes > 0 ? { bytes } : {}) });
    const result = work();
    if (result instanceof Promise) return result.finally(end) as typeof result;
    end();
    return result;
  };

  /** A stretch on the hashing thread, by a clock that counts from 1970 as `performance.timeOrigin`. */
  readonly hashed = (bytes: number, startedAt: number, ms: number): void => {
    const start = startedAt - performance.timeOrigin - this.origin;
    this.spans.push({
      kind: "hash",
      name: "hash",
      start,
      end: start + ms,
      thread: "hashing",
      bytes,
    });
  };

  machine(machine: Machine, plan: Plan): Machine {
    return new ProfiledMachine(machine, plan, this);
  }

  /** One operator, or some that are computed together, whose work is given by its parts. */
  operator(plan: Plan, nodes: readonly number[], parts: readonly (() => void)[]): void {
    const index = nodes.at(-1) as number;
    const { name } = plan.nodes[index] as PlanNode;
    const together = nodes.length > 1 ? { nodes } : {};
    const end = this.begin({ kind: "operator", name, node: index, ...together });
    parts.forEach((part, i) => {
      const alone = parts.length === 1;
      const endOfStage = alone
        ? undefined
        : this.begin({ kind: "stage", name: `stage ${i}`, node: index });
      part();
      endOfStage?.();
    });
    end();
  }

  /** Starts a span on the main thread; what it yields ends it. */
  begin(facts: Omit<Span, "start" | "end" | "thread">): () => void {
    const start = this.now() - this.origin;
    return () => {
      this.spans.push({ ...facts, start, end: this.now() - this.origin, thread: "main" });
    };
  }
}

/** Runs the calls of a machine one by one, and those of an operator together. */
class ProfiledMachine implements Machine {
  readonly name: Machine["name"];
  /** Whose work each call is. */
  private nodesOf: readonly (readonly number[])[] = [];
  private arenaBytes = 0;

  constructor(
    private readonly inner: Machine,
    private readonly plan: Plan,
    private readonly profiler: Profiler,
  ) {
    this.name = inner.name;
  }

  packs(...asked: Parameters<NonNullable<Machine["packs"]>>): readonly number[] {
    return this.inner.packs?.(...asked) ?? [];
  }

  estimate(
    calls: readonly MachineCall[],
    arenaBytes: number,
    constants?: ConstantBytes,
  ): MachineMemory {
    return this.profiler.measure("load", "lower calls", 0, () =>
      this.inner.estimate(calls, arenaBytes, constants),
    );
  }

  async load(calls: readonly MachineCall[], arenaBytes: number): Promise<void> {
    this.arenaBytes = arenaBytes;
    this.nodesOf = calls.map(({ nodes = [] }) => nodes);
    await this.profiler.measure("load", "generate and compile code", 0, () =>
      this.inner.load(calls, arenaBytes),
    );
  }

  /** A constant with a place in the arena is copied there, others are packed where they are. */
  constant(offset: number, bytes: Uint8Array): void {
    const copied = offset < this.arenaBytes;
    this.profiler.measure(
      copied ? "copy" : "load",
      copied ? "constant" : "pack weights",
      bytes.length,
      () => {
        if (this.inner.constant) this.inner.constant(offset, bytes);
        else this.bytes(offset, bytes.length).set(bytes);
      },
    );
  }

  constantsReady(): void {
    this.profiler.measure("load", "pack weights", 0, () => this.inner.constantsReady());
  }

  bytes(offset: number, length: number): Uint8Array {
    return this.inner.bytes(offset, length);
  }

  run(first: number, end: number): void {
    for (let at = first; at < end; ) {
      const index = this.nodesOf[at]?.at(-1);
      const parts: (() => void)[] = [];
      const nodes = new Set<number>();
      for (; at < end && this.nodesOf[at]?.at(-1) === index; at++) {
        const call = at;
        for (const node of this.nodesOf[at] ?? []) nodes.add(node);
        parts.push(() => this.inner.run(call, call + 1));
      }
      this.profiler.operator(
        this.plan,
        [...nodes].sort((a, b) => a - b),
        parts,
      );
    }
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
