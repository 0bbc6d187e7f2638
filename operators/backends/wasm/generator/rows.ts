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
import { type Piece, piecesOf } from "./pieces.js";
import {
  advancePosition,
  declarePosition,
  setCoordinates,
  setMin,
  setPosition,
} from "./position.js";
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
  const pieces = piecesOf(kernel, schedule);
  const bodies = pieces.map((p) => p.finish);
  const e = new Emission(f, kernel, schedule, functions, outer, bodies);
  const target = declareTarget(e);
  const nest = new FoldNest(e);
  const finishes = bodies.map(
    (body) => new Registers(f, body, analyse(body, schedule, LEVEL.chunk), nest.state),
  );
  const all = kernel.steps ? [nest.registers, ...finishes] : finishes;
  setPosition(f, position, begin);
  for (const registers of all) emitLevel(e, registers, LEVEL.once, "nothing");
  f.loop((again) => {
    setCoordinates(f, position);
    e.induction.enterRow();
    for (const registers of all) emitLevel(e, registers, LEVEL.row, "nothing");
    pieces.forEach((piece, i) => {
      const finish = finishes[i] as Registers;
      chunkLoop(e, position.block, piece, () => {
        nest.emit();
        emitLevel(e, finish, LEVEL.chunk, "nothing");
        storeChunks(e, finish, target);
      });
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

/** The address of the output. */
function declareTarget(e: Emission): Variable {
  const { kernel } = e;
  const linear = {
    constant: 0n,
    out: stridesOf(kernel.out).map(BigInt),
    fold: kernel.fold.map(() => 0n),
  };
  return e.induction.declare({ width: "i32", linear, scale: elementSize(kernel.dtype), base: 0 });
}

/**
 * Runs `body` for each group of chunks in the block, as far as it lies in the piece. The last group
 * is moved back so that it ends with the block: elements computed twice get the same bytes, and
 * nothing outside the piece is touched.
 */
function chunkLoop(e: Emission, block: Local, piece: Piece, body: () => void): void {
  const { f, schedule, induction } = e;
  const group = schedule.span;
  const at = f.local("i32");
  const run = (): void => {
    induction.enterChunk(at);
    body();
    induction.leaveChunk();
  };
  f.i32(piece.from).set(at);
  if (piece.to - piece.from === group && schedule.blocks === 1) return run();
  const end = f.local("i32");
  f.i32(piece.to).set(end);
  f.block((done) => {
    if (schedule.blocks > 1) enterBlock(e, block, piece, at, end, done);
    f.loop((again) => {
      run();
      f.get(at).i32(group).op("i32.add").tee(at);
      f.get(end).op("i32.ge_u").brIf(done);
      // The last group starts at min(at, end − group).
      f.scratch(["i32"], (scratch) => {
        const last = scratch as Local;
        f.get(at).get(end).i32(group).op("i32.sub").tee(last);
        f.get(at).get(last).op("i32.lt_u").op("select").set(at);
      });
      f.br(again);
    });
  });
}

/** The part of the piece that lies in the block; leaves where there is none. */
function enterBlock(
  e: Emission,
  block: Local,
  piece: Piece,
  at: Local,
  end: Local,
  done: number,
): void {
  const { f, schedule } = e;
  f.get(block).i32(schedule.block).op("i32.mul").set(at);
  setMin(f, end, () => f.get(at).i32(schedule.block).op("i32.add"), piece.to);
  if (piece.from > 0) {
    f.get(at).i32(piece.from).get(at).i32(piece.from).op("i32.gt_s").op("select").set(at);
  }
  f.get(at).get(end).op("i32.ge_s").brIf(done);
  setMin(f, at, () => f.get(at), piece.to - schedule.span);
}

function storeChunks(e: Emission, finish: Registers, target: Variable): void {
  const { f, kernel, schedule, induction } = e;
  const size = elementSize(kernel.dtype);
  const register = finish.body.results[0] as number;
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
