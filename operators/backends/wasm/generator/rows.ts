import { stridesOf } from "../../../dtype.js";
import type { FunctionType } from "../encoder.js";
import { FunctionBody, type Local } from "../function-body.js";
import { analyse, LEVEL } from "./analysis.js";
import { Emission } from "./emission.js";
import type { FunctionLibrary } from "./functions.js";
import type { Variable } from "./induction.js";
import { emitLevel } from "./instructions.js";
import { elementSize, type Kernel } from "./kernel.js";
import { FoldNest } from "./nest.js";
import { Registers } from "./registers.js";
import type { Schedule } from "./schedule.js";
import { storeElements } from "./stores.js";

/**
 * The function `(out, sources…, begin, end)` that computes units begin ≤ i < end, begin < end.
 * A unit is one position of the outer dims and one block of the lane dim.
 */
export function rowsFunction(
  kernel: Kernel,
  schedule: Schedule,
  functions: FunctionLibrary,
): FunctionBody {
  const f = new FunctionBody(rangeType(kernel));
  const begin = 1 + kernel.sources.length;
  const outer = schedule.outer.map(() => f.local("i32"));
  const position = declarePosition(f, kernel, schedule, outer);
  const e = new Emission(f, kernel, schedule, functions, outer);
  const target = e.induction.declare({
    width: "i32",
    linear: storeLinear(kernel),
    scale: elementSize(kernel.dtype),
    base: 0,
  });
  const nest = new FoldNest(e);
  const finish = new Registers(
    f,
    kernel.finish,
    analyse(kernel.finish, schedule, LEVEL.chunk),
    nest.state,
  );
  const both = kernel.steps ? [nest.registers, finish] : [finish];
  setPosition(f, position, begin);
  for (const registers of both) emitLevel(e, registers, LEVEL.once, "nothing");
  f.loop((again) => {
    setCoordinates(f, position);
    e.induction.enterRow();
    for (const registers of both) emitLevel(e, registers, LEVEL.row, "nothing");
    chunkLoop(e, position.block, () => {
      nest.emit();
      emitLevel(e, finish, LEVEL.chunk, "nothing");
      storeChunks(e, finish, target);
    });
    advancePosition(f, position);
    f.get(begin).i32(1).op("i32.add").tee(begin);
    f.get(begin + 1)
      .op("i32.lt_u")
      .brIf(again);
  });
  return f;
}

export function rangeType(kernel: Kernel): FunctionType {
  return { params: new Array(3 + kernel.sources.length).fill("i32"), results: [] };
}

function storeLinear(kernel: Kernel) {
  return {
    constant: 0n,
    out: stridesOf(kernel.out).map(BigInt),
    fold: kernel.fold.map(() => 0n),
  };
}

/** The position of a unit: a counter per outer dim, and the block. */
interface Position {
  /** Counters in units, outermost first; only those with more than one value. */
  readonly digits: readonly { readonly local: Local; readonly extent: number }[];
  readonly block: Local;
  /** Pairs of a counter and the coordinate that it stands for, where the two differ. */
  readonly stepped: readonly { counter: Local; coordinate: Local; step: number; last: number }[];
}

function declarePosition(
  f: FunctionBody,
  kernel: Kernel,
  schedule: Schedule,
  coordinates: readonly Local[],
): Position {
  const block = f.local("i32");
  const stepped: Position["stepped"][number][] = [];
  const digits = schedule.outer.map((d, i) => {
    const coordinate = coordinates[i] as Local;
    if (d.step === 1) return { local: coordinate, extent: d.positions };
    const counter = f.local("i32");
    const last = (kernel.out[d.dim] as number) - d.step;
    stepped.push({ counter, coordinate, step: d.step, last });
    return { local: counter, extent: d.positions };
  });
  const all = [...digits, { local: block, extent: schedule.blocks }];
  return { digits: all.filter((d) => d.extent > 1), block, stepped };
}

/** Counters for a unit: its digits in the mixed radix of the extents. */
function setPosition(f: FunctionBody, position: Position, unit: Local): void {
  f.scratch(["i32"], (local) => {
    const rest = local as Local;
    f.get(unit).set(rest);
    for (const [i, digit] of [...position.digits.entries()].reverse()) {
      f.get(rest);
      if (i > 0) f.i32(digit.extent).op("i32.rem_u");
      f.set(digit.local);
      if (i > 0) f.get(rest).i32(digit.extent).op("i32.div_u").set(rest);
    }
  });
}

/** One unit on: like an odometer, the last digit first. */
function advancePosition(f: FunctionBody, position: Position): void {
  const step = (at: number): void => {
    const digit = position.digits[at];
    if (!digit) return;
    f.get(digit.local).i32(1).op("i32.add").tee(digit.local);
    f.i32(digit.extent).op("i32.eq");
    f.if(() => {
      f.i32(0).set(digit.local);
      step(at - 1);
    });
  };
  step(position.digits.length - 1);
}

/** Coordinates of stepped dims; the last group is moved back so that it ends with the dim. */
function setCoordinates(f: FunctionBody, position: Position): void {
  for (const { counter, coordinate, step, last } of position.stepped) {
    setMin(f, coordinate, () => f.get(counter).i32(step).op("i32.mul"), last);
  }
}

/**
 * Runs `body` for each group of chunks in the block. The last group of a row is moved back so that
 * it ends with the row: elements computed twice get the same bytes, and nothing outside is touched.
 */
function chunkLoop(e: Emission, block: Local, body: () => void): void {
  const { f, schedule, induction } = e;
  const { width, blocks } = schedule;
  const group = schedule.span;
  const at = f.local("i32");
  const run = (): void => {
    induction.enterChunk(at);
    body();
    induction.leaveChunk();
  };
  if (width === group) {
    f.i32(0).set(at);
    return run();
  }
  const end = f.local("i32");
  f.i32(width).set(end);
  f.i32(0).set(at);
  if (blocks > 1) setBlock(e, block, at, end);
  f.block((done) => {
    f.loop((again) => {
      run();
      f.get(at).i32(group).op("i32.add").tee(at);
      f.get(end).op("i32.ge_u").brIf(done);
      // The last group starts at min(at, end − group).
      f.scratch(["i32"], (last) => {
        f.get(at)
          .get(end)
          .i32(group)
          .op("i32.sub")
          .tee(last as Local);
        f.get(at)
          .get(last as Local)
          .op("i32.lt_u")
          .op("select")
          .set(at);
      });
      f.br(again);
    });
  });
}

function setBlock(e: Emission, block: Local, at: Local, end: Local): void {
  const { f, schedule } = e;
  f.get(block).i32(schedule.block).op("i32.mul").set(at);
  setMin(f, end, () => f.get(at).i32(schedule.block).op("i32.add"), schedule.width);
  setMin(f, at, () => f.get(at), schedule.width - schedule.span);
}

function setMin(f: FunctionBody, local: Local, push: () => void, limit: number): void {
  push();
  f.set(local);
  f.get(local).i32(limit).get(local).i32(limit).op("i32.lt_u").op("select").set(local);
}

function storeChunks(e: Emission, finish: Registers, target: Variable): void {
  const { f, kernel, schedule, induction } = e;
  const size = elementSize(kernel.dtype);
  const register = kernel.finish.results[0] as number;
  for (const u of e.chunks) {
    const start = BigInt(u) * target.chunk;
    const at = (elements: number): number => {
      induction.push(target);
      return Number(start + BigInt(elements) * size);
    };
    const value = finish.operand(register, u);
    storeElements(f, kernel.dtype, value, Number(target.lane / size), schedule.lanes, at);
  }
}
