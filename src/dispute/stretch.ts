import { DTYPES, interpret, writerOf } from "../../operators/index.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import { fromHex } from "../receipt/hex.js";
import { MissingTile, sparseReaders, type Tiles } from "./sparse.js";
import type { Stretch } from "./state.js";
import { type Target, targetOf } from "./targets.js";
import { decodeWords, encodeWords, type Word } from "./words.js";

/** What a stretch gives: state words, or the element where the fold ends with it. */
export interface Computed {
  readonly kind: "words" | "element";
  readonly bytes: Uint8Array;
}

/**
 * Runs a stretch with the interpreter, from its committed beginning and nothing but the given tiles;
 * yields the first tile that is not among them.
 */
export function computeStretch(
  plan: Plan,
  { operator, target, element, from, to, before, after }: Stretch,
  tiles: Tiles,
): Computed | MissingTile {
  const node = plan.nodes[operator.node] as PlanNode;
  const { stage, type, offset } = targetOf(node, target) as Target;
  const { init } = stage.program;
  const run = interpret(stage.program, sparseReaders(plan, node, stage.sources, tiles));
  const at = offset + element;
  try {
    let state: Word[] =
      before === null ? run.initial() : (decodeWords(init, fromHex(before)) as Word[]);
    for (let step = from; step < to; step++) state = run.step(at, step, state);
    if (after !== null) return { kind: "words", bytes: encodeWords(init, state) };
    const bytes = new Uint8Array(DTYPES[type.dtype].size);
    writerOf(type.dtype, bytes)(0, run.finish(at, state));
    return { kind: "element", bytes };
  } catch (error) {
    if (error instanceof MissingTile) return error;
    throw error;
  }
}
