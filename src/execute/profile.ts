import { arithmeticOf, valueBytes } from "../graph/cost.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import type { Span, SpanKind } from "./profiler.js";

/** One operator of a profiled run, or some that were computed together, over all times that it ran. */
export interface OperatorTime {
  /** Its index in the plan; of several, the last. */
  readonly index: number;
  /** Such as "MatMul", or "MatMul + Add + Relu". */
  readonly operator: string;
  readonly name: string;
  readonly ms: number;
  /** Of the run, 0 to 1. */
  readonly share: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** 10^9 operations of arithmetic a second; see `arithmeticOf`. */
  readonly gflops: number;
}

/** Where the time of a run went; the milliseconds of the parts sum up to `ms`. */
export interface RunProfile {
  readonly ms: number;
  /** Dearest first. */
  readonly operators: readonly OperatorTime[];
  readonly parts: {
    readonly operatorMs: number;
    /** On the thread that computes; where another hashes, what it took stands in `hashThreadMs`. */
    readonly hashMs: number;
    readonly copyMs: number;
    readonly loadMs: number;
    /** Digests of the plan, roots and the signature. */
    readonly receiptMs: number;
    readonly waitMs: number;
    readonly otherMs: number;
  };
  readonly hashThreadMs: number;
  readonly hashedBytes: number;
  readonly copiedBytes: number;
}

export function profileOf(plan: Plan, spans: readonly Span[]): RunProfile {
  const own = selfTimes(spans.filter((s) => s.thread === "main"));
  const msOf = (...kinds: SpanKind[]): number =>
    sum([...own].filter(([s]) => kinds.includes(s.kind)).map(([, ms]) => ms));
  const bytesOf = (kind: SpanKind): number =>
    sum(spans.filter((s) => s.kind === kind && s.thread === "main").map((s) => s.bytes ?? 0));
  const ms = sum(spans.filter((s) => s.kind === "run").map((s) => s.end - s.start));
  return {
    ms,
    operators: operatorTimes(plan, own, ms),
    parts: {
      operatorMs: msOf("operator", "stage"),
      hashMs: msOf("hash"),
      copyMs: msOf("copy"),
      loadMs: msOf("load"),
      receiptMs: msOf("receipt"),
      waitMs: msOf("wait"),
      otherMs: msOf("run"),
    },
    hashThreadMs: sum(spans.filter((s) => s.thread === "hashing").map((s) => s.end - s.start)),
    hashedBytes: bytesOf("hash"),
    copiedBytes: bytesOf("copy"),
  };
}

/** Milliseconds of every span of one thread without those of the spans within it. */
export function selfTimes(spans: readonly Span[]): Map<Span, number> {
  const own = new Map<Span, number>();
  const open: Span[] = [];
  for (const span of inOrder(spans)) {
    while (open.length > 0 && (open.at(-1) as Span).end <= span.start) open.pop();
    const parent = open.at(-1);
    const ms = span.end - span.start;
    own.set(span, ms);
    if (parent) own.set(parent, (own.get(parent) as number) - ms);
    open.push(span);
  }
  return own;
}

/** By start, the span around others before these. They end, and are recorded, inside out. */
export function inOrder(spans: readonly Span[]): Span[] {
  const recorded = new Map(spans.map((span, i) => [span, i]));
  return [...spans].sort(
    (a, b) =>
      a.start - b.start ||
      b.end - a.end ||
      (recorded.get(b) as number) - (recorded.get(a) as number),
  );
}

function operatorTimes(plan: Plan, own: ReadonlyMap<Span, number>, total: number): OperatorTime[] {
  const times = new Map<number, number>();
  const together = new Map<number, Set<number>>();
  for (const [{ node, nodes }, ms] of own) {
    if (node === undefined) continue;
    times.set(node, (times.get(node) ?? 0) + ms);
    const known = together.get(node) ?? new Set([node]);
    for (const n of nodes ?? []) known.add(n);
    together.set(node, known);
  }
  const rows = [...times].map(([index, ms]): OperatorTime => {
    const indices = [...(together.get(index) as Set<number>)].sort((a, b) => a - b);
    const nodes = indices.map((n) => plan.nodes[n] as PlanNode);
    const last = plan.nodes[index] as PlanNode;
    const made = new Set(nodes.flatMap((n) => n.outputs));
    const read = new Set(nodes.flatMap((n) => n.inputs));
    return {
      index,
      operator: operatorsOf(nodes),
      name: last.name,
      ms,
      share: ms / total,
      readBytes: sum(
        [...read].map((v) => (v === undefined || made.has(v) ? 0 : valueBytes(plan, v))),
      ),
      writtenBytes: sum(last.outputs.map((v) => valueBytes(plan, v))),
      gflops: sum(nodes.map((n) => arithmeticOf(n.lowering))) / ms / 1e6,
    };
  });
  return rows.sort((a, b) => b.ms - a.ms);
}

/** What operators that are computed together are called. */
export function operatorsOf(nodes: readonly PlanNode[]): string {
  return nodes.map((n) => n.operator).join(" + ");
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
