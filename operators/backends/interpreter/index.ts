import { elementCount } from "../../dtype.js";
import { AssayError } from "../../errors.js";
import { literalValue } from "../../program/literal.js";
import type { ElementProgram } from "../../program/types.js";
import { byteLength, emptyTensor, type Tensor } from "../../tensor.js";
import { compileAffine, compileBody, type Frame, type Runner, type Value } from "./compile.js";
import { type ElementReader, type ElementWriter, readerOf, writerOf } from "./storage.js";

export type { Value } from "./compile.js";
export type { ElementReader } from "./storage.js";

/**
 * The interpreter: runs an element program literally. It is the definition of what every other
 * backend must compute, and the referee's single step.
 */
export interface Interpretation {
  /** State words before the first step. */
  initial(): Value[];
  /** Steps in the fold, skipped ones included; 0 for a pure map. */
  readonly steps: number;
  /** State after step `step` (row-major fold position) of element `element` (row-major). */
  step(element: number, step: number, state: readonly Value[]): Value[];
  /** The element's register value once the fold is done. */
  finish(element: number, state: readonly Value[]): Value;
  /** The whole fold of one element. */
  element(element: number): Value;
}

/** Prepares a program over readers of its sources. Reading may throw; nothing is caught here. */
export function interpret(
  program: ElementProgram,
  readers: readonly ElementReader[],
): Interpretation {
  const frame: Frame = {
    out: program.out.map(() => 0),
    fold: program.fold.map(() => 0),
    state: [],
  };
  const step = compileBody(program.step, readers);
  const finish = compileBody(program.finish, readers);
  const conditions = program.when.map(compileAffine);
  const init = program.init.map(literalValue);
  const steps = program.fold.length === 0 ? 0 : elementCount(program.fold);

  const runStep = (): void => {
    for (const holds of conditions) if (holds(frame) < 0) return;
    frame.state = step(frame);
  };
  return {
    steps,
    initial: () => [...init],
    step(element, at, state) {
      unravel(element, program.out, frame.out);
      unravel(at, program.fold, frame.fold);
      frame.state = [...state];
      runStep();
      return frame.state;
    },
    finish(element, state) {
      unravel(element, program.out, frame.out);
      frame.state = [...state];
      return runFinish(finish, frame);
    },
    element(element) {
      unravel(element, program.out, frame.out);
      frame.fold.fill(0);
      frame.state = init;
      for (let i = 0; i < steps; i++) {
        runStep();
        advance(frame.fold, program.fold);
      }
      return runFinish(finish, frame);
    },
  };
}

function runFinish(finish: Runner, frame: Frame): Value {
  return finish(frame)[0] as Value;
}

/** Runs a program over whole tensors into `into`, or a new tensor. `into.dims` may factor `out`. */
export function runProgram(
  program: ElementProgram,
  sources: readonly Tensor[],
  into: Tensor = emptyTensor(program.dtype, program.out),
): Tensor {
  checkTensors(program, sources, into);
  const readers = sources.map((t) => readerOf(t.dtype, t.bytes));
  interpretInto(program, readers, writerOf(program.dtype, into.bytes));
  return into;
}

/** One stage of a recurrence. Its readers may read what `write` wrote. */
export interface ScanMember {
  readonly program: ElementProgram;
  readonly readers: readonly ElementReader[];
  readonly write: ElementWriter;
}

/** Runs the stages of a recurrence: for each t in order, slice t of each stage in order. */
export function interpretScan(steps: number, members: readonly ScanMember[]): void {
  const runs = members.map(({ program, readers, write }) => {
    return { run: interpret(program, readers), slice: elementCount(program.out) / steps, write };
  });
  for (let t = 0; t < steps; t++) {
    for (const { run, slice, write } of runs) {
      for (let i = t * slice; i < (t + 1) * slice; i++) write(i, run.element(i));
    }
  }
}

/**
 * Runs the stages of a recurrence over whole tensors; `results` may be among the sources, and are
 * zeros before.
 */
export function runScan(
  steps: number,
  stages: readonly { readonly program: ElementProgram }[],
  sources: readonly (readonly Tensor[])[],
  results: readonly Tensor[],
): void {
  const members = stages.map(({ program }, i): ScanMember => {
    const result = results[i] as Tensor;
    checkTensors(program, sources[i] ?? [], result);
    return {
      program,
      readers: (sources[i] ?? []).map((t) => readerOf(t.dtype, t.bytes)),
      write: writerOf(program.dtype, result.bytes),
    };
  });
  interpretScan(steps, members);
}

/** Runs a program over readers, element by element in row-major order. */
export function interpretInto(
  program: ElementProgram,
  readers: readonly ElementReader[],
  write: ElementWriter,
): void {
  const run = interpret(program, readers);
  const count = elementCount(program.out);
  for (let i = 0; i < count; i++) write(i, run.element(i));
}

/** Row-major coordinates of a flat position, written into `into`. */
function unravel(flat: number, dims: readonly number[], into: number[]): void {
  let rest = flat;
  for (let i = dims.length - 1; i >= 0; i--) {
    const d = dims[i] as number;
    into[i] = rest % d;
    rest = Math.floor(rest / d);
  }
}

function advance(coordinate: number[], dims: readonly number[]): void {
  for (let i = dims.length - 1; i >= 0; i--) {
    coordinate[i] = (coordinate[i] as number) + 1;
    if ((coordinate[i] as number) < (dims[i] as number)) return;
    coordinate[i] = 0;
  }
}

function checkTensors(program: ElementProgram, sources: readonly Tensor[], into: Tensor): void {
  program.sources.forEach((s, i) => {
    const given = sources[i];
    if (!given || given.dtype !== s.dtype || elementCount(given.dims) !== s.length) {
      throw new AssayError(
        "program/invalid",
        `source ${i} is not ${s.dtype} of ${s.length} elements`,
      );
    }
  });
  if (into.bytes.length !== byteLength({ dtype: program.dtype, dims: program.out })) {
    throw new AssayError("program/invalid", "the output tensor does not fit the program");
  }
}
