import { type Index, o, type View } from "../../program/builder.js";
import type { LoweringContext } from "../definition.js";
import {
  intAttribute,
  intsAttribute,
  invalid,
  normalizeAxis,
  type Operand,
  steeringInts,
} from "./context.js";
import type { Coordinate } from "./lanes.js";

/**
 * How a reduction over some axes sees its operand: neighbouring axes that are all kept or all
 * reduced are merged, so that a position along merged axes stays affine.
 */
export interface Rows {
  /** Merged dims of the operand. */
  readonly view: readonly number[];
  /** Whether each merged axis is reduced. */
  readonly reduced: readonly boolean[];
  /** Merged kept dims: one result each. */
  readonly kept: readonly number[];
  /** Merged reduced dims: the fold. */
  readonly extents: readonly number[];
}

/** Merges `dims` around `axes` (0 … rank−1). Axes of extent 1 belong to either side. */
export function rowsOf(dims: readonly number[], axes: readonly number[]): Rows {
  const view: number[] = [];
  const reduced: boolean[] = [];
  dims.forEach((d, axis) => {
    if (d === 1) return;
    const folds = axes.includes(axis);
    if (reduced.at(-1) === folds) view[view.length - 1] = (view.at(-1) as number) * d;
    else {
      view.push(d);
      reduced.push(folds);
    }
  });
  return {
    view,
    reduced,
    kept: view.filter((_, i) => !reduced[i]),
    extents: view.filter((_, i) => reduced[i]),
  };
}

/** The operand with its merged dims. */
export function seenAs(operand: Operand, rows: Rows): Operand {
  return { ...operand, dims: rows.view };
}

/** Index into a view with dims `rows.view`, at output coordinates `rows.kept` and fold `at`. */
export function elementIndex(rows: Rows, at: readonly Coordinate[]): Index[] {
  let keptAt = 0;
  let foldAt = 0;
  return rows.reduced.map((folds) => (folds ? (at[foldAt++] as Coordinate) : o(keptAt++)));
}

/** Index into a view with dims `rows.kept`, at output coordinates `rows.kept`. */
export function rowIndex(rows: Rows): Index[] {
  return rows.kept.map((_, i) => o(i));
}

/** A map over all elements, with `rows.view` as output dims: index of the element's row. */
export function rowOfElement(rows: Rows): Index[] {
  return rows.reduced.flatMap((folds, i) => (folds ? [] : [o(i)]));
}

/** A map over all elements: index of the element itself. */
export function sameElement(view: View): Index[] {
  return view.dims.map((_, i) => o(i));
}

/**
 * The axes of a reduction, 0 … rank−1 ascending: from the attribute, or from input 1 since version
 * `inputSince`. None given means all, unless noop_with_empty_axes is set.
 */
export function reductionAxes(
  context: LoweringContext,
  rank: number,
  inputSince: number,
): readonly number[] {
  const given =
    context.version >= inputSince ? steeringInts(context, 1) : intsAttribute(context, "axes");
  if (!given || given.length === 0) {
    const noop = intAttribute(context, "noop_with_empty_axes", 0) !== 0;
    return noop ? [] : Array.from({ length: rank }, (_, i) => i);
  }
  const axes = given.map((a) => normalizeAxis(context, a, rank)).sort((a, b) => a - b);
  if (new Set(axes).size !== axes.length) throw invalid(context, `axes [${given}] repeat`);
  return axes;
}

/** Output dims of a reduction over `axes`. */
export function reducedDims(
  dims: readonly number[],
  axes: readonly number[],
  keep: boolean,
): number[] {
  return dims.flatMap((d, i) => (axes.includes(i) ? (keep ? [1] : []) : [d]));
}
