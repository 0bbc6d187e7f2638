import { elementCount } from "../../../dtype.js";
import { AssayError } from "../../../errors.js";
import { weightOf } from "../../../program/micro-ops.js";
import type { Kernel, KernelBody } from "./kernel.js";

/**
 * Where the output elements of a kernel go: one out dim is spread over the lanes of vectors, the
 * others are loops. Several vectors ("chunks") are computed side by side: along the lane dim, so
 * that a fold has several chains of operations, or across another dim, so that a transposition
 * works on square blocks. The work is counted in units, so that threads can share it.
 */
export interface Schedule {
  /** The out dim whose neighbours share a vector. */
  readonly lane: number;
  /** Its extent. */
  readonly width: number;
  /** Lanes of a chunk that hold elements: 4, or `width` where that is less. */
  readonly lanes: number;
  /** Chunks (vectors of 4 elements) computed side by side. */
  readonly chunks: number;
  /** The out dim across which chunks lie; the lane dim unless a block is transposed. */
  readonly across: number;
  /** Lane positions of a group of chunks. */
  readonly span: number;
  /** Lane positions per unit; a multiple of `span` unless it covers the whole width. */
  readonly block: number;
  /** Units per position of the outer dims. */
  readonly blocks: number;
  /** The other out dims, in order. */
  readonly outer: readonly OuterDim[];
  /** Outer positions × blocks, row-major: the range that `run` divides. */
  readonly units: number;
  /** Fewest units worth a thread's attention. */
  readonly grain: number;
  /** Units per call of the inner function. */
  readonly batch: number;
}

export interface OuterDim {
  readonly dim: number;
  /** Coordinates per position: the number of chunks across this dim, else 1. */
  readonly step: number;
  readonly positions: number;
}

/** Work between two looks at the engine's tier: a few tens of microseconds. */
const BATCH_WORK = 2 ** 17;
/** Work worth waking a thread for, in lane-operations. */
const GRAIN_WORK = 2 ** 18;
/** Work of one unit where a row is divided. */
const UNIT_WORK = 2 ** 16;

export function scheduleOf(kernel: Kernel): Schedule {
  const lane = chooseLane(kernel);
  const width = kernel.out[lane] as number;
  const lanes = Math.min(4, width);
  const tile = chooseTile(kernel, lane);
  const chunks = tile?.chunks ?? chooseChunks(kernel, width);
  const across = tile?.across ?? lane;
  const span = across === lane ? 4 * (chunks - 1) + lanes : lanes;
  const work = (workPerElement(kernel) * (chunks * lanes)) / span;
  const wanted = Math.max(span, Math.floor(UNIT_WORK / work / span) * span);
  const block = wanted * 1.5 >= width ? width : wanted;
  const blocks = Math.ceil(width / block);
  const outer = outerDims(kernel, lane, across, chunks);
  const units = elementCount(outer.map((d) => d.positions)) * blocks;
  checkExtents(kernel, units);
  const unitWork = Math.max(1, work * block);
  return {
    lane,
    width,
    lanes,
    chunks,
    across,
    span,
    block,
    blocks,
    outer,
    units,
    grain: Math.max(1, Math.floor(GRAIN_WORK / unitWork)),
    batch: Math.max(1, Math.floor(BATCH_WORK / unitWork)),
  };
}

function outerDims(kernel: Kernel, lane: number, across: number, chunks: number): OuterDim[] {
  return [...kernel.out.entries()]
    .filter(([dim]) => dim !== lane)
    .map(([dim, extent]) => {
      const step = dim === across ? chunks : 1;
      return { dim, step, positions: Math.ceil(extent / step) };
    });
}

function checkExtents(kernel: Kernel, units: number): void {
  const limit = 2 ** 31;
  if (units < limit && [...kernel.out, ...kernel.fold].every((d) => d < limit)) return;
  throw new AssayError("backend/unavailable", "a program's extent exceeds 32-bit WebAssembly", {
    facts: { out: kernel.out, fold: kernel.fold },
  });
}

/** Micro-operations per output element. */
function workPerElement(kernel: Kernel): number {
  const steps = kernel.steps ? elementCount(kernel.fold) : 0;
  return bodyWork(kernel.finish) + steps * bodyWork(kernel.step) + 1;
}

function bodyWork(body: KernelBody): number {
  let work = 0;
  for (const i of body.code) work += i.kind === "operate" ? weightOf(i.op) : 1;
  return work;
}

/** The first out dim that may lie in vectors. */
function firstFree({ timeMajor }: Kernel): number {
  return timeMajor ? 1 : 0;
}

/** The dim with the cheapest vectors: contiguous loads and stores, few idle lanes; ties: the last. */
function chooseLane(kernel: Kernel): number {
  let best = kernel.out.length - 1;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let lane = kernel.out.length - 1; lane >= firstFree(kernel); lane--) {
    const width = kernel.out[lane] as number;
    const waste = width < 4 ? 4 / width : (Math.ceil(width / 4) * 4) / width;
    const cost = laneCost(kernel, lane) * waste;
    if (cost < bestCost * 0.95) {
      best = lane;
      bestCost = cost;
    }
  }
  return best;
}

function laneCost(kernel: Kernel, lane: number): number {
  const accesses = (body: KernelBody): number => {
    let cost = 0;
    for (const i of body.code) {
      if (i.kind === "operate") cost += weightOf(i.op);
      if (i.kind === "read") cost += accessCost(i.address.out[lane] as bigint);
    }
    return cost;
  };
  const store = lane === kernel.out.length - 1 ? 1 : STRIDED_COST;
  const steps = kernel.steps ? elementCount(kernel.fold) : 0;
  return store + accesses(kernel.finish) + steps * accesses(kernel.step);
}

/** Four scalar accesses and the moves between lanes. */
const STRIDED_COST = 6;

function accessCost(stride: bigint): number {
  if (stride === 0n || stride === 1n) return 1;
  return stride === 2n ? 2 : STRIDED_COST;
}

/**
 * A map whose reads stride along the lane dim but are contiguous along another works on blocks of
 * 4 × `chunks` elements: whole cache lines are read, and turned in registers.
 */
function chooseTile(
  kernel: Kernel,
  lane: number,
): { readonly across: number; readonly chunks: number } | undefined {
  if (kernel.steps || (kernel.out[lane] as number) < 4) return undefined;
  const { code } = kernel.finish;
  const reads = code.filter((i) => i.kind === "read");
  if (reads.some((r) => r.guards.length > 0 || r.registers.length > 0)) return undefined;
  for (const { address } of reads) {
    const stride = address.out[lane] as bigint;
    if (stride === 0n || stride === 1n) continue;
    const across = address.out.indexOf(1n);
    const extent = across < firstFree(kernel) ? 0 : (kernel.out[across] as number);
    const chunks = TILE_CHUNKS.find((n) => n <= extent && n * code.length <= 128);
    if (chunks !== undefined) return { across, chunks };
  }
  return undefined;
}

const TILE_CHUNKS = [16, 8, 4];

/**
 * More chains than one hide the latency of a fold's operation; their state has to stay in
 * registers, of which there are 16, and idle lanes of the last group have to be worth it.
 */
function chooseChunks(kernel: Kernel, width: number): number {
  if (!kernel.steps || kernel.fold.length === 0) return 1;
  const halves = kernel.init.reduce(
    (n, l) => n + (l.type === "f32" || l.type === "i32" ? 1 : 2),
    0,
  );
  const size = kernel.step.code.length;
  let best = 1;
  let bestCost = Math.ceil(width / 4);
  for (const [chunks, cost] of CHUNK_COSTS) {
    if (width < 4 * chunks || halves * chunks > 8 || size * chunks > 48) continue;
    const total = Math.ceil(width / (4 * chunks)) * chunks * cost;
    if (total < bestCost) {
      best = chunks;
      bestCost = total;
    }
  }
  return best;
}

/** Cost of a chunk beside others, relative to one alone: a chain of additions waits for itself. */
const CHUNK_COSTS: readonly (readonly [number, number])[] = [
  [2, 0.55],
  [4, 0.35],
  [8, 0.3],
];
