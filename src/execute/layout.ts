import {
  AssayError,
  byteLength,
  type Call,
  type CallSource,
  type Machine,
  type MachineCall,
  type PlacedWork,
  type TensorType,
  type Work,
} from "../../operators/index.js";
import type { Plan, PlanValue } from "../graph/plan.js";
import { fusedWork, planWork, tensorsOf } from "./work.js";

/**
 * Where every tensor of a plan lies in a machine's arena. Weights, constants and inputs have places
 * of their own; activations share memory by lifetime, so that only live tensors take room.
 */
export interface Layout {
  readonly arenaBytes: number;
  /** Byte offset by value id; undefined for what no operator reads and for what was fused away. */
  readonly offsets: readonly (number | undefined)[];
  /** The calls of all nodes, in order. */
  readonly calls: readonly MachineCall[];
  /** Node i is calls `callsOf[i]` … `callsOf[i + 1] − 1`. */
  readonly callsOf: readonly number[];
  /** Bytes of the shared part at its fullest. */
  readonly activationBytes: number;
  /** Constants without a place, of which the machine keeps a packed form: offsets beyond the arena. */
  readonly outside: ReadonlySet<number>;
}

/** Offsets are multiples of this: a cache line, and more than any vector's alignment. */
const ALIGNMENT = 64;

interface Interval {
  readonly bytes: number;
  /** First and last node during which the bytes must stay. */
  readonly start: number;
  readonly end: number;
}

export interface LayoutOptions {
  /**
   * Keep what a node reads or makes until the end of this node: a drill or a dispute reruns and
   * looks into a whole segment.
   */
  readonly keepUntil?: (node: number) => number;
  /**
   * Compute operators together, so that what only they read need not exist: those of a segment, for
   * somebody commits to what lives after it, or of the whole run, where nobody does. Nothing where
   * `keepUntil` says that somebody looks into segments.
   */
  readonly fuse?: "nothing" | "segments" | "run";
  /** Which constants a program only packs (`Machine.packs`). */
  readonly packs?: Machine["packs"];
}

export function layoutPlan(plan: Plan, options: LayoutOptions = {}): Layout {
  const fuse = options.keepUntil ? "nothing" : (options.fuse ?? "nothing");
  const { work, places }: PlacedWork =
    fuse === "nothing"
      ? { work: planWork(plan), places: new Map() }
      : fusedWork(plan, fuse === "segments");
  const offsets = new Map<number, number>();
  let fixed = 0;
  const outside = packedConstants(plan, { work, places }, options.packs);
  for (const id of [...usedValues(plan)].sort((a, b) => a - b)) {
    const value = plan.values[id] as PlanValue;
    if (value.origin.kind === "node" || outside.has(id)) continue;
    offsets.set(id, fixed);
    fixed += ofItsOwn(value);
  }
  const { intervals, tensors } = lifetimes(plan, { work, places }, options);
  const packed = packIntervals(intervals);
  tensors.forEach((tensor, slot) => {
    offsets.set(tensor, fixed + (packed.offsets[slot] as number));
  });
  for (const [tensor, { within, at }] of places) {
    offsets.set(tensor, (offsets.get(within) as number) + at);
  }
  let beyond = fixed + packed.bytes;
  for (const id of outside) {
    offsets.set(id, beyond);
    beyond += ofItsOwn(plan.values[id] as PlanValue);
  }
  const callsOf = new Array<number>(plan.nodes.length + 1).fill(0);
  for (const item of work) {
    const node = item.nodes.at(-1) as number;
    callsOf[node + 1] = (callsOf[node + 1] as number) + 1;
  }
  callsOf.forEach((count, n) => {
    if (n > 0) callsOf[n] = count + (callsOf[n - 1] as number);
  });
  return {
    arenaBytes: fixed + packed.bytes,
    offsets: tensorsOf(plan).map((tensor) => offsets.get(tensor)),
    calls: work.map((item) => placedCalls(plan, item, offsets)),
    callsOf,
    activationBytes: packed.bytes,
    outside,
  };
}

/** Weights and constants that nobody reads but by packing them, and in which no output lies. */
function packedConstants(
  plan: Plan,
  { work, places }: PlacedWork,
  packs: LayoutOptions["packs"],
): Set<number> {
  const found = new Set<number>();
  if (!packs) return found;
  const read = new Set(plan.outputs.map((v) => v.value));
  for (const { within } of places.values()) read.add(within);
  for (const { calls, scan } of work) {
    for (const { program, sources } of calls) {
      const constant = (i: number): boolean => isConstant(plan, sources[i]);
      const packed = scan === undefined ? packs(program, constant) : [];
      sources.forEach((value, i) => {
        if (constant(i)) (packed.includes(i) ? found : read).add(value);
      });
    }
  }
  for (const id of read) found.delete(id);
  return found;
}

function isConstant(plan: Plan, tensor: number | undefined): boolean {
  const kind = tensor === undefined ? undefined : plan.values[tensor]?.origin.kind;
  return kind === "weight" || kind === "constant";
}

function aligned(type: TensorType): number {
  return Math.ceil(byteLength(type) / ALIGNMENT) * ALIGNMENT;
}

/** The place of what lives all the time: no two, however empty, begin where another does. */
function ofItsOwn(type: TensorType): number {
  return Math.max(ALIGNMENT, aligned(type));
}

/** Values that take part in the run: inputs, outputs and whatever a node reads. */
export function usedValues(plan: Plan): Set<number> {
  const used = new Set<number>(plan.outputs.map((v) => v.value));
  for (const node of plan.nodes) for (const v of node.inputs) if (v !== undefined) used.add(v);
  for (const input of plan.inputs) used.add(input.value);
  return used;
}

/**
 * One interval for every tensor with a place of its own, by the nodes in whose place it, or what lies
 * in it, is made and read.
 */
function lifetimes(plan: Plan, { work, places }: PlacedWork, options: LayoutOptions) {
  const keep = options.keepUntil ?? ((node: number) => node);
  const tensorOf = tensorsOf(plan);
  const lives = new Map<number, { start: number; end: number; bytes: number }>();
  const stays = (tensor: number, node: number, bytes = 0): void => {
    const last = tensor < plan.values.length ? keep(node) : node;
    const { within: root, at } = places.get(tensor) ?? { within: tensor, at: 0 };
    const life = lives.get(root) ?? { start: node, end: last, bytes: 0 };
    life.start = Math.min(life.start, node);
    life.end = Math.max(life.end, last);
    life.bytes = Math.max(life.bytes, at + bytes);
    lives.set(root, life);
  };
  for (const { calls, nodes } of work) {
    const node = nodes.at(-1) as number;
    for (const { program, sources, result } of calls) {
      stays(result, node, aligned({ dtype: program.dtype, dims: program.out }));
      for (const tensor of sources) stays(tensor, node);
    }
  }
  for (const { live, end } of options.fuse === "run" ? [] : plan.segments) {
    for (const value of live) stays(tensorOf[value] as number, end - 1);
  }
  for (const { value } of plan.outputs) stays(tensorOf[value] as number, plan.nodes.length);
  const isMade = (tensor: number): boolean =>
    (plan.values[tensor]?.origin.kind ?? "node") === "node";
  const tensors = [...lives.keys()].filter(isMade);
  return { intervals: tensors.map((t): Interval => lives.get(t) as Interval), tensors };
}

/**
 * Greedy by size: the largest tensor first, each at the lowest offset that is free for its whole
 * lifetime (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020).
 */
export function packIntervals(intervals: readonly Interval[]): {
  readonly offsets: readonly number[];
  readonly bytes: number;
} {
  const order = intervals.map((_, i) => i);
  order.sort(
    (a, b) => (intervals[b] as Interval).bytes - (intervals[a] as Interval).bytes || a - b,
  );
  const offsets = new Array<number>(intervals.length).fill(0);
  const placed = new Placed(intervals, offsets);
  let bytes = 0;
  for (const i of order) {
    const { bytes: size } = intervals[i] as Interval;
    const others = placed.besides(i);
    let at = 0;
    for (const j of others) {
      if (at + size <= (offsets[j] as number)) break;
      at = Math.max(at, (offsets[j] as number) + (intervals[j] as Interval).bytes);
    }
    offsets[i] = at;
    bytes = Math.max(bytes, at + size);
    placed.add(i);
  }
  return { offsets, bytes };
}

/**
 * The intervals that have a place, by time: looking through all of them for each would take the
 * square of their number, and most live nowhere near each other.
 */
class Placed {
  /** By node: those that start there, and those that have begun before and still live. */
  private readonly starting = new Map<number, number[]>();
  private readonly living = new Map<number, number[]>();

  constructor(
    private readonly intervals: readonly Interval[],
    private readonly offsets: readonly number[],
  ) {}

  /** Interval i has got its offset. */
  add(i: number): void {
    const { start, end } = this.intervals[i] as Interval;
    this.insert(this.starting, start, i);
    for (let t = start + 1; t <= end; t++) this.insert(this.living, t, i);
  }

  /** Those that live at some moment of interval i, by offset: a merge, for the lists are sorted. */
  besides(i: number): number[] {
    const { start, end } = this.intervals[i] as Interval;
    const others = [...(this.living.get(start) ?? [])];
    for (let t = start; t <= end; t++) {
      for (const j of this.starting.get(t) ?? []) others.push(j);
    }
    return others.sort((a, b) => (this.offsets[a] as number) - (this.offsets[b] as number));
  }

  private insert(lists: Map<number, number[]>, time: number, i: number): void {
    const list = lists.get(time);
    if (!list) {
      lists.set(time, [i]);
      return;
    }
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const offset = this.offsets[list[middle] as number] as number;
      if (offset <= (this.offsets[i] as number)) low = middle + 1;
      else high = middle;
    }
    list.splice(low, 0, i);
  }
}

/** The call or the recurrence of one piece of work, at its places. */
function placedCalls(
  plan: Plan,
  { calls, scan, nodes }: Work,
  offsets: ReadonlyMap<number, number>,
): MachineCall {
  const placeOf = (tensor: number): number => {
    const offset = offsets.get(tensor);
    if (offset === undefined) throw new AssayError("graph/invalid", "a tensor without a place");
    return offset;
  };
  const source = (tensor: number): CallSource => {
    return { offset: placeOf(tensor), constant: isConstant(plan, tensor) };
  };
  const placed = calls.map(
    ({ program, sources, result }): Call => ({
      program,
      sources: sources.map(source),
      out: placeOf(result),
      nodes,
    }),
  );
  return scan === undefined ? (placed[0] as Call) : { steps: scan, calls: placed, nodes };
}
