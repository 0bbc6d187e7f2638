import { type ElementReader, readerOf, type StageSource } from "../../operators/index.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import { isUniform, type KnownValue } from "../graph/values.js";
import { constantOf, SourceTiles, sourceOrigin } from "./sources.js";

/** Thrown when a program reads an element whose tile nobody has shown. */
export class MissingTile extends Error {
  constructor(
    readonly source: number,
    readonly tile: number,
  ) {
    super(`tile ${tile} of source ${source} has not been shown`);
  }
}

/** The bytes of a tile, or undefined where it is not there. */
export type Tiles = (source: number, tile: number) => Uint8Array | undefined;

/**
 * Readers of a program's sources that know nothing but tiles and constants of the plan. The only
 * way in which a referee reads a tensor inside an operator: nothing unproved can enter a verdict.
 */
export function sparseReaders(
  plan: Plan,
  node: PlanNode,
  sources: readonly StageSource[],
  tiles: Tiles,
): ElementReader[] {
  return sources.map((source, position) => {
    const known = constantOf(plan, node, source);
    if (known) return constantReader(known);
    return tileReader(new SourceTiles(plan, node, sourceOrigin(node, source)), position, tiles);
  });
}

function constantReader(known: KnownValue): ElementReader {
  if (!isUniform(known)) return readerOf(known.dtype, known.bytes);
  const value = readerOf(known.dtype, known.element)(0);
  return () => value;
}

function tileReader(form: SourceTiles, source: number, tiles: Tiles): ElementReader {
  return (index) => {
    const { tile, position } = form.locate(index);
    const bytes = tiles(source, tile);
    if (!bytes) throw new MissingTile(source, tile);
    return readerOf(form.type.dtype, bytes)(position);
  };
}
