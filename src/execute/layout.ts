import {
  byteLength,
  type Call,
  type Machine,
  type MachineCall,
  type TensorType,
  takingTurns,
} from "../../operators/index.js";
import type { Plan, PlanNode, PlanValue } from "../graph/plan.js";

/**
 * Where every tensor of a plan lies in a machine's arena. Weights, constants and inputs have places
 * of their own; activations share memory by lifetime, so that only live tensors take room.
 */
export interface Layout {
  readonly arenaBytes: number;
  /** Byte offset by value id. */
  readonly offsets: readonly number[];
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
  /** Which constants a program only packs (`Machine.packs`). */
  readonly packs?: Machine["packs"];
}

export function layoutPlan(plan: Plan, options: LayoutOptions = {}): Layout {
  const offsets = new Array<number>(plan.values.length).fill(0);
  let fixed = 0;
  const used = usedValues(plan);
  const outside = packedConstants(plan, options.packs);
  plan.values.forEach((value, id) => {
    if (value.origin.kind === "node" || !used.has(id) || outside.has(id)) return;
    offsets[id] = fixed;
    fixed += ofItsOwn(value);
  });
  const { intervals, place } = lifetimes(plan, options);
  const packed = packIntervals(intervals);
  const base = (slot: number): number => fixed + (packed.offsets[slot] as number);
  for (const [id, slot] of place.values) offsets[id] = base(slot);
  let beyond = fixed + packed.bytes;
  for (const id of outside) {
    offsets[id] = beyond;
    beyond += ofItsOwn(plan.values[id] as PlanValue);
  }
  const calls: MachineCall[] = [];
  const callsOf = [0];
  plan.nodes.forEach((node, n) => {
    calls.push(
      ...nodeCalls(plan, node, offsets, (stage) => base(place.stages[n]?.[stage] as number)),
    );
    callsOf.push(calls.length);
  });
  return {
    arenaBytes: fixed + packed.bytes,
    offsets,
    calls,
    callsOf,
    activationBytes: packed.bytes,
    outside,
  };
}

/** Weights and constants that nobody reads but by packing them, and that are no outputs. */
function packedConstants(plan: Plan, packs: LayoutOptions["packs"]): Set<number> {
  const found = new Set<number>();
  if (!packs) return found;
  const read = new Set(plan.outputs.map((v) => v.value));
  for (const node of plan.nodes) {
    const { stages, scan } = node.lowering;
    stages.forEach(({ program, sources }, s) => {
      const inputOf = (i: number): number | undefined => {
        const source = sources[i];
        return source?.kind === "input" ? node.inputs[source.index] : undefined;
      };
      const constant = (i: number): boolean => isConstant(plan, inputOf(i));
      const inScan = scan !== undefined && s >= scan.first && s < scan.end;
      const packed = inScan ? [] : packs(program, constant);
      sources.forEach((_, i) => {
        const value = inputOf(i);
        if (value !== undefined && constant(i)) (packed.includes(i) ? found : read).add(value);
      });
    });
  }
  for (const id of read) found.delete(id);
  return found;
}

function isConstant(plan: Plan, value: number | undefined): boolean {
  const kind = value === undefined ? undefined : plan.values[value]?.origin.kind;
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

/** One interval per stage of every node; a value is the stage that computes it. */
function lifetimes(plan: Plan, options: LayoutOptions) {
  const keep = options.keepUntil ?? ((node: number) => node);
  const lastUse = new Map<number, number>();
  plan.nodes.forEach((node, n) => {
    for (const v of node.inputs) if (v !== undefined) lastUse.set(v, keep(n));
  });
  for (const { value } of plan.outputs) lastUse.set(value, plan.nodes.length);
  const intervals: Interval[] = [];
  const values = new Map<number, number>();
  const stages = plan.nodes.map((node, n) => {
    const own = node.lowering.stages.map(() => n);
    node.lowering.outputs.forEach((out, i) => {
      const last = lastUse.get(node.outputs[i] as number) ?? n;
      own[out.stage] = Math.max(own[out.stage] as number, last, keep(n));
    });
    const slots = node.lowering.stages.map((stage, s) => {
      const { dtype, out } = stage.program;
      intervals.push({ bytes: aligned({ dtype, dims: out }), start: n, end: own[s] as number });
      return intervals.length - 1;
    });
    node.lowering.outputs.forEach((out, i) => {
      values.set(node.outputs[i] as number, slots[out.stage] as number);
    });
    return slots;
  });
  return { intervals, place: { values, stages } };
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

function nodeCalls(
  plan: Plan,
  node: PlanNode,
  offsets: readonly number[],
  stageOffset: (stage: number) => number,
): MachineCall[] {
  const { stages, scan } = node.lowering;
  const calls = stages.map(
    (stage, s): Call => ({
      program: stage.program,
      out: stageOffset(s),
      sources: stage.sources.map((source) => {
        if (source.kind === "stage") return { offset: stageOffset(source.index), constant: false };
        const id = node.inputs[source.index] as number;
        return { offset: offsets[id] as number, constant: isConstant(plan, id) };
      }),
    }),
  );
  return takingTurns(calls, scan);
}
