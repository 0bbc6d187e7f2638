import {
  type Contraction,
  foldOffsets,
  outOffsets,
  recogniseContraction,
} from "../backends/wasm/contraction/recognise.js";
import { DTYPES } from "../dtype.js";
import { type Applied, isMove } from "../program/compose.js";
import { flatPosition } from "../program/refactor.js";
import type { ElementProgram, ReadInstruction } from "../program/types.js";

/**
 * Whether a composition is worth it. Any composition is right; what may get worse is the order in
 * which memory is read.
 */

/** Shortest run of neighbours for which reading in place beats a copy that is read in order. */
const SHORTEST_RUN = 16;

/** Whether a consumer may read through a move instead of from its copy. `before` reads the copy. */
export function readsWell(before: Applied, after: Applied, source: number, constant: boolean) {
  if (isMove(after.program)) return true;
  const was = recogniseContraction(before.program);
  if (!was) return readsNeighbours(after, source);
  const is = recogniseContraction(after.program);
  if (!is || !sameShape(was, is)) return false;
  const operands = [is.a, is.b].filter((read) => after.sources[read.source] === source);
  const others = readsOf(after, source).filter((read) => !operands.includes(read));
  return (
    operands.every((read) => (read === is.b && constant) || packsWell(after.program, is, read)) &&
    others.every((read) => isRun(after.program, read, []))
  );
}

/** Whether a contraction whose results go to other places is still the same product. */
export function staysContraction(before: ElementProgram, after: ElementProgram): boolean {
  const was = recogniseContraction(before);
  const is = was && recogniseContraction(after);
  return is !== undefined && sameShape(was as Contraction, is);
}

/**
 * Whether a map may follow a fold. The contraction kernel finishes f32 sums; other folds are compiled
 * with whatever follows.
 */
export function mayFollow(producer: ElementProgram, consumer: ElementProgram): boolean {
  if (producer.fold.length === 0) return true;
  return producer.init[0]?.type === "f32" && DTYPES[consumer.dtype].register === "f32";
}

function sameShape(a: Contraction, b: Contraction): boolean {
  return a.rows.count === b.rows.count && a.columns.count === b.columns.count;
}

/** Operands are packed along neighbouring k; column operands also along neighbouring columns. */
function packsWell(program: ElementProgram, shape: Contraction, read: ReadInstruction): boolean {
  if (!flatPosition(read, program.out, program.fold)) return false;
  const byDepth = foldOffsets(read, read.view, program.fold);
  if (stepsByOne(byDepth)) return true;
  return read === shape.b && stepsByOne(outOffsets(read, read.view, program.out, shape.columns));
}

function stepsByOne(offsets: Int32Array): boolean {
  return offsets.every((offset, i) => offset === 4 * i);
}

function readsOf({ program, sources }: Applied, source: number): ReadInstruction[] {
  return [...program.step.code, ...program.finish.code].filter(
    (i): i is ReadInstruction => i.kind === "read" && sources[i.source] === source,
  );
}

/** Whether everything that is read of a tensor is read in runs, or one element for many. */
function readsNeighbours({ program, sources }: Applied, source: number): boolean {
  const runs = (code: readonly { readonly kind: string }[], fold: readonly number[]): boolean =>
    (code as ElementProgram["step"]["code"]).every(
      (i) => i.kind !== "read" || sources[i.source] !== source || isRun(program, i, fold),
    );
  return runs(program.step.code, program.fold) && runs(program.finish.code, []);
}

/** In a map lanes run along the last dim; in a fold along outputs or steps, so both must be short steps. */
function isRun(program: ElementProgram, read: ReadInstruction, fold: readonly number[]): boolean {
  const flat = flatPosition(read, program.out, fold);
  if (!flat) return false;
  const goesOn = (coefficients: readonly number[], dims: readonly number[]): boolean => {
    const last = dims.findLastIndex((d) => d > 1);
    if (last < 0) return true;
    const step = coefficients[last];
    const isWhole = dims.slice(0, last).every((d) => d === 1);
    return (step === 0 || step === 1) && (isWhole || (dims[last] as number) >= SHORTEST_RUN);
  };
  return goesOn(flat.out, program.out) && goesOn(flat.fold, fold);
}
