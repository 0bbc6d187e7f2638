import { DTYPES, elementCount } from "../dtype.js";
import { isMove } from "../program/compose.js";
import { flatPosition, isOwnPosition } from "../program/refactor.js";
import type { ElementProgram, Instruction, ReadInstruction } from "../program/types.js";
import type { Work, WorkCall } from "./work.js";

/** A tensor that lies inside another, which has a place of its own: `at` bytes behind its beginning. */
export interface Place {
  readonly within: number;
  readonly at: number;
}

export interface PlacedWork {
  readonly work: readonly Work[];
  /** By tensor. */
  readonly places: ReadonlyMap<number, Place>;
}

/** Tensors begin at multiples of this, inside others too: a cache line. */
const ALIGNMENT = 64;

/**
 * Copies that a choice of places makes unnecessary: the parts of a concatenation are made where they
 * end up, and a run of neighbouring elements is where it came from. Only tensors that this work makes
 * can be put anywhere; each is put into one other at most.
 */
export function placedWork(work: readonly Work[]): PlacedWork {
  const made = new Set(work.flatMap(({ calls }) => calls.map((c) => c.result)));
  const places = new Map<number, Place>();
  const left = work.filter(({ calls: [call], scan }) => {
    if (scan !== undefined || call === undefined) return true;
    const run = runOf(call);
    if (run !== undefined && !places.has(call.result)) {
      places.set(call.result, run);
      return false;
    }
    const parts = partsOf(call);
    const free = parts?.every(({ tensor, at }, i) => {
      const before = parts.findIndex((p) => p.tensor === tensor);
      return made.has(tensor) && !places.has(tensor) && before === i && at % ALIGNMENT === 0;
    });
    if (!parts || !free) return true;
    for (const { tensor, at } of parts) places.set(tensor, { within: call.result, at });
    return false;
  });
  return { work: left, places: resolved(places) };
}

/** Places in places as places in what is in no other. Each is looked up once, however deep they lie. */
function resolved(places: ReadonlyMap<number, Place>): Map<number, Place> {
  const known = new Map<number, Place>();
  for (const tensor of places.keys()) {
    const path: number[] = [];
    let root = tensor;
    for (let place = places.get(root); place && !known.has(root); place = places.get(root)) {
      path.push(root);
      root = place.within;
    }
    const start = known.get(root) ?? { within: root, at: 0 };
    let { at } = start;
    for (const inner of path.reverse()) {
      at += (places.get(inner) as Place).at;
      known.set(inner, { within: start.within, at });
    }
  }
  return known;
}

/** Where a copy of neighbouring elements lies already. */
function runOf({ program, sources }: WorkCall): Place | undefined {
  const [read] = program.finish.code;
  if (!isMove(program) || read?.kind !== "read" || elementCount(program.out) === 0)
    return undefined;
  const flat = flatPosition(read, program.out, []);
  if (!flat || !isOwnPosition({ ...flat, constant: 0 }, program.out)) return undefined;
  const at = flat.constant * DTYPES[program.dtype].size;
  if (at % ALIGNMENT !== 0) return undefined;
  return { within: sources[read.source] as number, at };
}

interface Part {
  readonly tensor: number;
  /** Bytes behind the beginning of the concatenation. */
  readonly at: number;
}

/**
 * The tensors that a program puts one behind the other, each whole: as long as the position is below
 * the beginning of the last, it is in what comes before. Undefined for every other program.
 */
function partsOf({ program, sources }: WorkCall): Part[] | undefined {
  const { dtype, out, fold, finish } = program;
  const total = elementCount(out);
  // Where other dims than the last are not 1, parts alternate.
  if (fold.length > 0 || total === 0 || out.at(-1) !== total) return undefined;
  const parts: Part[] = [];
  let end = total;
  for (let at = finish.results[0] as number; ; ) {
    const choice = choiceOf(finish.code, at, out.length - 1);
    const read = finish.code[choice ? choice.otherwise : at];
    const start = choice ? choice.below : 0;
    if (read?.kind !== "read" || !readsFrom(program, read, start, end - start)) return undefined;
    parts.push({ tensor: sources[read.source] as number, at: start * DTYPES[dtype].size });
    if (!choice) return parts;
    at = choice.before;
    end = start;
  }
}

/** `position < below ? before : otherwise`, the position that of the last axis. */
function choiceOf(code: readonly Instruction[], at: number, axis: number) {
  const select = code[at];
  if (select?.kind !== "operate" || !select.op.endsWith(".select")) return undefined;
  const [condition, before, otherwise] = select.args as [number, number, number];
  const less = code[condition];
  if (less?.kind !== "operate" || less.op !== "i64.lt_s") return undefined;
  const [position, bound] = less.args.map((r) => code[r]);
  if (position?.kind !== "coordinate" || bound?.kind !== "constant") return undefined;
  if (position.value.constant !== 0 || position.value.out[axis] !== 1) return undefined;
  return { below: Number(bound.value.bits), before, otherwise };
}

/** Whether a read is of element position − start of a source of `length` elements of the result's dtype. */
function readsFrom(
  program: ElementProgram,
  read: ReadInstruction,
  start: number,
  length: number,
): boolean {
  const source = program.sources[read.source];
  const axis = program.out.length - 1;
  const [last] = read.index.slice(-1);
  return (
    length > 0 &&
    source?.dtype === program.dtype &&
    source.length === length &&
    read.view.at(-1) === length &&
    last?.registers.length === 0 &&
    last.constant === -start &&
    last.out[axis] === 1 &&
    read.index.slice(0, -1).every((x) => x.registers.length === 0 && x.constant === 0)
  );
}
