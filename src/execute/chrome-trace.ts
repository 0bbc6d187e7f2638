import { valueBytes } from "../graph/cost.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import { inOrder, operatorsOf } from "./profile.js";
import type { Span } from "./profiler.js";

/** An event of the trace format that chrome://tracing and Perfetto read. Times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  readonly ph: "X" | "M";
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args: Readonly<Record<string, unknown>>;
}

const THREADS = { main: 1, hashing: 2 } as const;

/** The spans of a run as complete events ("X"), one track for each thread. */
export function chromeTrace(plan: Plan, spans: readonly Span[]) {
  const events = inOrder(spans).map((span): TraceEvent => {
    const { kind, start, end, thread } = span;
    return {
      name: titleOf(plan, span),
      cat: kind,
      ph: "X",
      ts: 1000 * start,
      dur: 1000 * (end - start),
      pid: 1,
      tid: THREADS[thread],
      args: argsOf(plan, span),
    };
  });
  const used = Object.entries(THREADS).filter(([name]) => spans.some((s) => s.thread === name));
  const names = used.map(([name, tid]): TraceEvent => {
    return { name: "thread_name", cat: "", ph: "M", ts: 0, pid: 1, tid, args: { name } };
  });
  return { displayTimeUnit: "ms", traceEvents: [...names, ...events] };
}

function titleOf(plan: Plan, { kind, name, node, nodes }: Span): string {
  if (kind === "operator") {
    const together = nodes ?? [node as number];
    return `${operatorsOf(together.map((n) => plan.nodes[n] as PlanNode))} ${name}`;
  }
  return kind === "hash" || kind === "copy" || kind === "wait" ? `${kind} ${name}` : name;
}

function argsOf(plan: Plan, { kind, node, bytes }: Span): TraceEvent["args"] {
  if (kind !== "operator" || node === undefined) return bytes === undefined ? {} : { bytes };
  const { inputs, outputs } = plan.nodes[node] as PlanNode;
  const typeOf = (id: number | undefined): string => {
    const value = id === undefined ? undefined : plan.values[id];
    return value ? `${value.dtype}[${value.dims}]` : "none";
  };
  const written = outputs.reduce((sum, v) => sum + valueBytes(plan, v), 0);
  return { node, inputs: inputs.map(typeOf), outputs: outputs.map(typeOf), written };
}
