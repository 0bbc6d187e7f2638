import {
  AssayError,
  byteLength,
  bytesEqual,
  elementCount,
  type Tensor,
} from "../../operators/index.js";
import type { Plan, PlanValue, Segment } from "../graph/plan.js";
import { Commitments } from "./commitments.js";
import { type Corruption, corruptElement, visibleElements } from "./drill.js";
import { type HashThread, settled } from "./pending.js";
import { type Measure, unmeasured } from "./profiler.js";
import { loadBoundary, type Resumption, resumeAt } from "./resume.js";
import type { Session } from "./session.js";

/** Turns a tensor into its 32-byte commitment. */
export type Committer = (tensor: Tensor) => Uint8Array;

/** Everything a run commits to, before it is folded into roots. */
export interface Trace {
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
  /** Per segment the commitments of the tensors that live after it, in the plan's order. */
  readonly boundaries: readonly (readonly Uint8Array[])[];
  readonly outputTensors: readonly Tensor[];
  /** Every tensor that lives across a boundary, by value id, where `keepBoundaries` asked for it. */
  readonly kept: ReadonlyMap<number, Tensor>;
  /** The drill as it was carried out, with the element chosen; absent in an honest run. */
  readonly corruption?: Required<Corruption> & { readonly masked: boolean };
}

export interface TraceOptions {
  /** Keep copies of what crosses boundaries, so that a segment can be re-executed alone. */
  readonly keepBoundaries?: boolean;
  readonly corruption?: Corruption;
  /** Take up an earlier run of the same plan on the same inputs; the trace is that of a whole run. */
  readonly resume?: Resumption;
  readonly signal?: AbortSignal;
  /** Where tensors are hashed, if not here. */
  readonly hashThread?: HashThread | undefined;
  /** Times what copies and hashes, for a profile. */
  readonly measure?: Measure;
  /** Called after every segment with the number of executed nodes. */
  readonly progress?: (done: number, total: number) => void;
}

/** Runs a plan on its inputs and commits to what crosses every segment boundary. */
export async function traceRun(
  session: Session,
  inputs: readonly Tensor[],
  commit: Committer,
  options: TraceOptions = {},
): Promise<Trace> {
  const { plan } = session;
  const { resume } = options;
  const first = resume?.segment ?? 0;
  const drilled = options.corruption?.node;
  if (drilled !== undefined && !plan.segments.slice(first).some((s) => contains(s, drilled))) {
    throw new AssayError("usage", `there is no operator ${drilled} to corrupt`);
  }
  const measure = options.measure ?? unmeasured;
  measure("copy", "inputs", bytesOf(inputs), () => session.setInputs(inputs));
  const thread = options.hashThread ?? threadOf(commit);
  const hashes = new Commitments(session, thread, measure);
  for (const { value } of plan.inputs) hashes.begin(value);
  if (resume) resumeAt(session, resume, commit);
  const kept = keptBefore(plan, first, resume?.kept);
  const rest = plan.segments.slice(first);
  const breath = new Breath();
  let corruption: Trace["corruption"];
  for (const segment of rest) {
    options.signal?.throwIfAborted();
    hashes.release(segment.first, segment.end);
    if (options.corruption && contains(segment, options.corruption.node)) {
      corruption = runCorrupted(session, segment, options.corruption, commit);
    } else session.runNodes(segment.first, segment.end);
    if (options.keepBoundaries) keepNew(session, segment, kept, measure);
    for (const v of segment.live) hashes.begin(v);
    options.progress?.(segment.end, plan.nodes.length);
    if (breath.isDue()) await breathe();
  }
  for (const { value } of plan.outputs) hashes.begin(value);
  const outputTensors = plan.outputs.map(({ value }) => copyOf(session, value, measure));
  return measure("wait", "hashes", 0, () => ({
    inputs: plan.inputs.map(({ value }) => hashes.of(value)),
    outputs: plan.outputs.map(({ value }) => hashes.of(value)),
    boundaries: [
      ...(resume?.boundaries ?? []).slice(0, first),
      ...rest.map(({ live }) => live.map((v) => hashes.of(v))),
    ],
    outputTensors,
    kept,
    ...(corruption ? { corruption } : {}),
  }));
}

function threadOf(commit: Committer): HashThread {
  return { begin: (tensor) => settled(commit(tensor)), close: async () => {} };
}

function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function copyOf(session: Session, value: number, measure: Measure): Tensor {
  const { name, ...type } = session.plan.values[value] as PlanValue;
  return measure("copy", name, byteLength(type), () => session.tensor(value));
}

/**
 * A synchronous machine would otherwise never let signals and timers in. Browsers have no
 * setImmediate, and their timers are slower.
 */
export function breathe(): Promise<void> {
  return new Promise((resume) => {
    if (typeof setImmediate === "function") setImmediate(resume);
    else setTimeout(resume, 0);
  });
}

/** Soon enough for whoever presses Ctrl-C; after each of many short segments it would take longer than they do. */
const BREATH_MS = 20;

/** Says when to breathe. */
class Breath {
  private last = performance.now();

  isDue(): boolean {
    const now = performance.now();
    if (now - this.last < BREATH_MS) return false;
    this.last = now;
    return true;
  }
}

/** Of what an earlier run kept, only what it had before segment `first`: the rest is made anew. */
function keptBefore(
  plan: Plan,
  first: number,
  earlier: ReadonlyMap<number, Tensor> = new Map(),
): Map<number, Tensor> {
  const before = new Set(plan.segments.slice(0, first).flatMap((s) => s.live));
  return new Map([...earlier].filter(([v]) => before.has(v)));
}

function keepNew(
  session: Session,
  segment: Segment,
  kept: Map<number, Tensor>,
  measure: Measure,
): void {
  for (const v of segment.live) if (!kept.has(v)) kept.set(v, copyOf(session, v, measure));
}

/**
 * Re-executes one segment from what lived before it (`kept` of an earlier run, and the inputs) and
 * leaves every value of the segment in the session, which must keep segments (`keepSegments`).
 */
export function replaySegment(
  session: Session,
  index: number,
  inputs: readonly Tensor[],
  before: ReadonlyMap<number, Tensor>,
  corruption?: Required<Corruption>,
): void {
  const segment = session.plan.segments[index] as Segment;
  session.setInputs(inputs);
  loadBoundary(session, index, before);
  if (!corruption || !contains(segment, corruption.node)) {
    session.runNodes(segment.first, segment.end);
    return;
  }
  runWithCorruption(session, segment, corruption);
}

function runWithCorruption(
  session: Session,
  segment: Segment,
  { node, element }: Required<Corruption>,
): void {
  const value = session.plan.nodes[node]?.outputs[0] as number;
  session.runNodes(segment.first, node + 1);
  corruptElement((session.plan.values[value] as PlanValue).dtype, session.bytes(value), element);
  session.runNodes(node + 1, segment.end);
}

const contains = (s: Segment, node: number): boolean => node >= s.first && node < s.end;

/**
 * Runs the segment of a drill. Where no element is named, candidates are tried until one shows in a
 * tensor that lives after the segment; each try reruns the segment, whose inputs are still in place
 * because a drill's session keeps them (see `keepSegments`).
 */
function runCorrupted(
  session: Session,
  segment: Segment,
  corruption: Corruption,
  commit: Committer,
): NonNullable<Trace["corruption"]> {
  const { node } = corruption;
  session.runNodes(segment.first, segment.end);
  const honest = commitAll(session, segment, commit);
  const value = session.plan.nodes[node]?.outputs[0] as number;
  const output = session.tensor(value);
  const count = elementCount(output.dims);
  const wanted = corruption.element;
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 0 && wanted < count)) {
    throw new AssayError("usage", `operator ${node} has ${count} output elements`);
  }
  if (count === 0) return { node, element: 0, masked: true };
  const candidates =
    corruption.element === undefined ? visibleElements(output) : [corruption.element];
  for (const element of candidates) {
    runWithCorruption(session, segment, { node, element });
    const now = commitAll(session, segment, commit);
    const shows = now.some((hash, i) => !bytesEqual(hash, honest[i] as Uint8Array));
    if (shows) return { node, element, masked: false };
  }
  return { node, element: candidates[0] as number, masked: true };
}

function commitAll(session: Session, segment: Segment, commit: Committer): Uint8Array[] {
  return segment.live.map((id) => {
    const { dtype, dims } = session.plan.values[id] as PlanValue;
    return commit({ dtype, dims, bytes: session.bytes(id) });
  });
}

/** Layout option that keeps everything a segment reads or makes until the segment ends. */
export function keepSegments(plan: Plan): (node: number) => number {
  const endOf = plan.segments.flatMap((s) =>
    Array.from({ length: s.end - s.first }, () => s.end - 1),
  );
  return (node) => endOf[node] ?? node;
}
