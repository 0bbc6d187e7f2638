import {
  AssayError,
  byteLength,
  bytesEqual,
  elementCount,
  type Tensor,
} from "../../operators/index.js";
import type { Plan, PlanValue, Segment } from "../graph/plan.js";
import { type Corruption, corruptElement, visibleElements } from "./drill.js";
import { type Measure, unmeasured } from "./profiler.js";
import { loadBoundary, type Resumption, resumeAt } from "./resume.js";
import type { Session } from "./session.js";

/** Turns a tensor into its 32-byte commitment. May be asynchronous: another thread may hash. */
export type Committer = (tensor: Tensor) => Uint8Array | Promise<Uint8Array>;

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
  const hashes = new Commitments(session, commit, measure);
  const inputHashes = plan.inputs.map((v) => hashes.of(v.value));
  if (resume) await resumeAt(session, resume, commit);
  const boundaries: Promise<readonly Uint8Array[]>[] = (resume?.boundaries ?? [])
    .slice(0, first)
    .map((live) => Promise.resolve(live));
  const kept = keptBefore(plan, first, resume?.kept);
  let corruption: Trace["corruption"];
  for (const segment of plan.segments.slice(first)) {
    options.signal?.throwIfAborted();
    if (options.corruption && contains(segment, options.corruption.node)) {
      corruption = await runCorrupted(session, segment, options.corruption, commit);
    } else session.runNodes(segment.first, segment.end);
    if (options.keepBoundaries) keepNew(session, segment, kept, measure);
    boundaries.push(Promise.all(segment.live.map((v) => hashes.of(v))));
    options.progress?.(segment.end, plan.nodes.length);
    await breathe();
  }
  const outputHashes = plan.outputs.map((v) => hashes.of(v.value));
  const outputTensors = plan.outputs.map(({ value }) => copyOf(session, value, measure));
  return measure("wait", "hashes", 0, async () => ({
    inputs: await Promise.all(inputHashes),
    outputs: await Promise.all(outputHashes),
    boundaries: await Promise.all(boundaries),
    outputTensors,
    kept,
    ...(corruption ? { corruption } : {}),
  }));
}

function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function copyOf(session: Session, value: number, measure: Measure): Tensor {
  const { name, ...type } = session.plan.values[value] as PlanValue;
  return measure("copy", name, byteLength(type), () => session.tensor(value));
}

/**
 * A synchronous machine would otherwise never let signals, timers or hashing threads in. Browsers
 * have no setImmediate, and their timers are slower.
 */
export function breathe(): Promise<void> {
  return new Promise((resume) => {
    if (typeof setImmediate === "function") setImmediate(resume);
    else setTimeout(resume, 0);
  });
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

/** Each value is committed once, when it is first asked for; its bytes do not change later. */
class Commitments {
  private readonly known = new Map<number, Promise<Uint8Array>>();

  constructor(
    private readonly session: Session,
    private readonly commit: Committer,
    private readonly measure: Measure,
  ) {}

  of(value: number): Promise<Uint8Array> {
    let found = this.known.get(value);
    if (!found) {
      const { name, dtype, dims } = this.session.plan.values[value] as PlanValue;
      const bytes = this.session.bytes(value);
      // In an array, so that what another thread takes for it is not counted here.
      const [answer] = this.measure("hash", name, bytes.length, () => [
        this.commit({ dtype, dims, bytes }),
      ]);
      found = Promise.resolve(answer as Uint8Array | Promise<Uint8Array>);
      // A run that is cancelled no longer awaits what is pending; that must not end the process.
      found.catch(() => undefined);
      this.known.set(value, found);
    }
    return found;
  }
}

/**
 * Runs the segment of a drill. Where no element is named, candidates are tried until one shows in a
 * tensor that lives after the segment; each try reruns the segment, whose inputs are still in place
 * because a drill's session keeps them (see `keepSegments`).
 */
async function runCorrupted(
  session: Session,
  segment: Segment,
  corruption: Corruption,
  commit: Committer,
): Promise<NonNullable<Trace["corruption"]>> {
  const { node } = corruption;
  session.runNodes(segment.first, segment.end);
  const honest = await commitAll(session, segment, commit);
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
    const now = await commitAll(session, segment, commit);
    const shows = now.some((hash, i) => !bytesEqual(hash, honest[i] as Uint8Array));
    if (shows) return { node, element, masked: false };
  }
  return { node, element: candidates[0] as number, masked: true };
}

function commitAll(session: Session, segment: Segment, commit: Committer): Promise<Uint8Array[]> {
  return Promise.all(
    segment.live.map((id) => {
      const { dtype, dims } = session.plan.values[id] as PlanValue;
      return commit({ dtype, dims, bytes: session.bytes(id) });
    }),
  );
}

/** Layout option that keeps everything a segment reads or makes until the segment ends. */
export function keepSegments(plan: Plan): (node: number) => number {
  const endOf = plan.segments.flatMap((s) =>
    Array.from({ length: s.end - s.first }, () => s.end - 1),
  );
  return (node) => endOf[node] ?? node;
}
