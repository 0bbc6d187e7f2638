import { type Contraction, recogniseContraction } from "../backends/wasm/contraction/recognise.js";
import { DTYPES, stridesOf } from "../dtype.js";
import { type Applied, isMove, isWidening } from "../program/compose.js";
import { flatPosition } from "../program/refactor.js";
import type { Body, ElementProgram, ReadInstruction } from "../program/types.js";

/**
 * Whether a composition is worth it. Any composition is right; what may get worse is the order in
 * which memory is read.
 */

/** Shortest run of neighbours for which reading in place beats a copy that is read in order. */
const SHORTEST_RUN = 16;

/** Whether a consumer may read through a move instead of from its copy. `before` reads the copy. */
export function readsWell(before: Applied, after: Applied, source: number, constant: boolean) {
  if (isMove(after.program) || isWidening(after.program)) return true;
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

/** A finish of more instructions gains nothing by growing, and long chains must not take long to fuse. */
const LONGEST_FINISH = 128;

/**
 * Whether a map may follow what makes its operand. The contraction kernel finishes f32 sums; other
 * folds are compiled with whatever follows.
 */
export function mayFollow(producer: ElementProgram, consumer: ElementProgram): boolean {
  const length = producer.finish.code.length + consumer.finish.code.length;
  if (length > LONGEST_FINISH) return false;
  if (producer.fold.length === 0) return true;
  return producer.init[0]?.type === "f32" && DTYPES[consumer.dtype].register === "f32";
}

function sameShape(a: Contraction, b: Contraction): boolean {
  return a.rows.count === b.rows.count && a.columns.count === b.columns.count;
}

/** Operands are packed along neighbouring k; column operands also along neighbouring columns. */
function packsWell(program: ElementProgram, shape: Contraction, read: ReadInstruction): boolean {
  const flat = flatPosition(read, program.out, program.fold);
  if (!flat) return false;
  if (stepsByOne(flat.fold, program.fold)) return true;
  const { first, end } = shape.columns;
  return read === shape.b && stepsByOne(flat.out.slice(first, end), program.out.slice(first, end));
}

/** Whether a position steps by one along these axes. Tables would be as long as a dim claims to be. */
function stepsByOne(coefficients: readonly number[], dims: readonly number[]): boolean {
  const strides = stridesOf(dims);
  return dims.every((d, i) => d === 1 || coefficients[i] === strides[i]);
}

function readsOf({ program, sources }: Applied, source: number): ReadInstruction[] {
  return [...program.step.code, ...program.finish.code].filter(
    (i): i is ReadInstruction => i.kind === "read" && sources[i.source] === source,
  );
}

/** Whether everything that is read of a tensor is read in runs, or one element for many. */
function readsNeighbours({ program, sources }: Applied, source: number): boolean {
  const runs = ({ code }: Body, fold: readonly number[]): boolean =>
    code.every((i) => i.kind !== "read" || sources[i.source] !== source || isRun(program, i, fold));
  return runs(program.step, program.fold) && runs(program.finish, []);
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
