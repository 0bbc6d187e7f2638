import {
  type ElementReader,
  readerOf,
  type StageSource,
  type TensorType,
} from "../../operators/index.js";
import type { Plan, PlanNode, PlanValue } from "../graph/plan.js";
import { isUniform, type KnownValue } from "../graph/values.js";
import { locateElement, tensorGeometry } from "../merkle/geometry.js";
import { sourceOrigin, type Target, targetOf } from "./targets.js";
import { originOf } from "./values.js";

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
    return known
      ? constantReader(known)
      : tileReader(sourceType(plan, node, source), position, tiles);
  });
}

/** The type under which a source is committed. */
export function sourceType(plan: Plan, node: PlanNode, source: StageSource): TensorType {
  const origin = sourceOrigin(node, source);
  if (origin.kind === "value") return plan.values[origin.value] as PlanValue;
  return (targetOf(node, origin.target) as Target).type;
}

/** The value of a source that is a constant of the plan: no party is asked for it. */
export function constantOf(
  plan: Plan,
  node: PlanNode,
  source: StageSource,
): KnownValue | undefined {
  const from = sourceOrigin(node, source);
  if (from.kind !== "value") return undefined;
  const origin = originOf(plan, from.value);
  return origin.kind === "constant" ? plan.constants[origin.index] : undefined;
}

function constantReader(known: KnownValue): ElementReader {
  if (!isUniform(known)) return readerOf(known.dtype, known.bytes);
  const value = readerOf(known.dtype, known.element)(0);
  return () => value;
}

function tileReader({ dtype, dims }: TensorType, source: number, tiles: Tiles): ElementReader {
  const geometry = tensorGeometry(dtype, dims);
  return (index) => {
    const { tile, position } = locateElement(geometry, index);
    const bytes = tiles(source, tile);
    if (!bytes) throw new MissingTile(source, tile);
    return readerOf(dtype, bytes)(position);
  };
}
