import {
  type Affine,
  type Body,
  DTYPES,
  type ElementProgram,
  elementCount,
  type ReadInstruction,
  stridesOf,
} from "../../operators/index.js";
import { bodyWeight, stepWeight } from "../graph/cost.js";
import { TILE_BYTES } from "../merkle/geometry.js";
import type { Budget } from "./budget.js";
import { MOVE_BYTES } from "./moves.js";
import { wordBytes } from "./words.js";

/**
 * How a fold is cut: into stretches that a referee recomputes, and into spans whose ends the asserter
 * posts. Both follow from the program alone.
 */

/** Steps below which a stretch is not cut to save leaves. */
const SHORTEST = 16;
/** Bytes of a tile with a proof of some twenty siblings. */
const OPENED_TILE = TILE_BYTES + 20 * 32;
/** Most bytes of the states of one posting. */
export const MAX_POSTED_BYTES = 4096;

/** Steps of the fold of one element; 0 for a map. */
export function foldSteps({ fold }: ElementProgram): number {
  return fold.length === 0 ? 0 : elementCount(fold);
}

/**
 * Steps of one stretch: 64, or half as often as it takes to come within the referee's weight, and
 * until either the leaves that it reads fit one move or it has 16 steps.
 */
export function stretchSteps({ stretch }: Budget, program: ElementProgram): number {
  const perStep = stepWeight(program);
  const most = stretch.weight - bodyWeight(program.finish);
  let steps = stretch.steps;
  while (steps > 1 && steps * perStep > most) steps /= 2;
  const leaves = (count: number): number =>
    readsOf(program.step).reduce((sum, read) => sum + tilesRead(program, read, count), 0);
  while (steps > SHORTEST && leaves(steps) * OPENED_TILE > MOVE_BYTES) steps /= 2;
  return steps;
}

/** The ends of the spans into which steps `from` … `to` − 1 are cut; the last is `to`. */
export function spanEnds(
  budget: Budget,
  program: ElementProgram,
  from: number,
  to: number,
): number[] {
  const stretch = stretchSteps(budget, program);
  const stretches = Math.ceil((to - from) / stretch);
  const most = Math.min(budget.spans, Math.floor(MAX_POSTED_BYTES / wordBytes(program.init)));
  const size = stretch * Math.max(1, Math.ceil(stretches / most));
  const count = Math.max(1, Math.ceil((to - from) / size));
  return Array.from({ length: count }, (_, i) => Math.min(to, from + (i + 1) * size));
}

/** Whether steps `from` … `to` − 1 are recomputed as they are. */
export function isStretch(
  budget: Budget,
  program: ElementProgram,
  from: number,
  to: number,
): boolean {
  return to - from <= stretchSteps(budget, program);
}

/** Most rounds of posting and picking before one stretch is left. */
export function foldRounds(budget: Budget, program: ElementProgram): number {
  let rounds = 0;
  for (let [from, to] = [0, foldSteps(program)]; !isStretch(budget, program, from, to); rounds++) {
    to = spanEnds(budget, program, from, to)[0] as number;
  }
  return rounds;
}

/** Weighted micro-ops of a stretch with the finish, conditions counted. */
export function stretchWeight(program: ElementProgram, steps: number): number {
  return steps * stepWeight(program) + bodyWeight(program.finish);
}

function readsOf(body: Body): ReadInstruction[] {
  return body.code.filter((i): i is ReadInstruction => i.kind === "read");
}

/** About how many tiles a read touches in `steps` neighbouring steps; exactness is not needed. */
function tilesRead(program: ElementProgram, read: ReadInstruction, steps: number): number {
  if (read.index.some((i) => i.registers.length > 0)) return steps;
  const inner = program.fold.at(-1) ?? 1;
  const strides = stridesOf(read.view);
  const along = read.index.reduce((sum, index: Affine, axis) => {
    return sum + (index.fold.at(-1) ?? 0) * (strides[axis] as number);
  }, 0);
  const dtype = program.sources[read.source]?.dtype ?? "f32";
  const perTile = TILE_BYTES / DTYPES[dtype].size;
  const run = Math.min(steps, inner);
  const distance = Math.abs(along);
  // A tile has 16 rows where a tensor has as many: 16 neighbours along a row, or 16 rows.
  const perRun = distance === 0 ? 1 : Math.ceil(run / Math.min(16, perTile));
  return perRun * Math.ceil(steps / run);
}
