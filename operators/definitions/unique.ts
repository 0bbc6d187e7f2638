import { DTYPES, elementCount } from "../dtype.js";
import { i64Tensor, type Tensor } from "../tensor.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { intAttribute, invalid, normalizeAxis, unsupported } from "./shared/context.js";
import { foldedOutputs } from "./shared/folded.js";
import { elementAt, knownValue } from "./shared/known-value.js";

/**
 * Unique: the distinct slices along `axis` (elements of the flattened input without one), and for each
 * its first position and how often it appears, and for each given slice which distinct one it is. Sorted
 * ascending, position by position; with sorted = 0 by first appearance. −0 equals +0, NaN equals NaN and
 * is greatest; the first of equals is kept as it is. How many there are depends on the values, so they
 * must be known when shapes are bound.
 *
 * Dtypes: any; the other outputs i64.
 * Errors: `graph/data-dependent` where the input is only known at run time or has more than 1024
 * elements; `operator/unsupported` for slices without elements.
 * Source: ONNX Unique, version 11.
 */
export const unique: OperatorDefinition = foldedOutputs({
  name: "Unique",
  versions: [11],
  steering: [0],
  values(context) {
    if (context.outputCount > 4) throw invalid(context, "has at most 4 outputs");
    const slices = slicesOf(context);
    const groups = groupsOf(slices);
    if (intAttribute(context, "sorted", 1) !== 0) {
      groups.sort((a, b) => slices.compare(a[0] as number, b[0] as number));
    }
    const inverse = new Array<number>(slices.count).fill(0);
    groups.forEach((group, at) => {
      for (const i of group) inverse[i] = at;
    });
    const list = (values: readonly number[]) => i64Tensor([values.length], values);
    const first = groups.map((group) => group[0] as number);
    const counts = groups.map((group) => group.length);
    return [slices.take(first), list(first), list(inverse), list(counts)];
  },
});

interface Slices {
  readonly count: number;
  compare(a: number, b: number): number;
  /** The slices at these positions as one tensor. */
  take(positions: readonly number[]): Tensor;
}

function slicesOf(context: LoweringContext): Slices {
  const x = knownValue(context, 0);
  const attribute = intAttribute(context, "axis");
  const dims = attribute === undefined ? [elementCount(x.dims)] : x.dims;
  const axis = attribute === undefined ? 0 : normalizeAxis(context, attribute, dims.length);
  const count = dims[axis] as number;
  if (elementCount(dims) === 0 && count > 0) throw unsupported(context, "slices without elements");
  const outer = elementCount(dims.slice(0, axis));
  const inner = elementCount(dims.slice(axis + 1));
  const elements = (position: number): number[] =>
    Array.from({ length: outer * inner }, (_, i) => {
      return (Math.floor(i / inner) * count + position) * inner + (i % inner);
    });
  return {
    count,
    compare(a, b) {
      const [left, right] = [elements(a), elements(b)];
      for (const [i, at] of left.entries()) {
        const order = compareElements(elementAt(x, at), elementAt(x, right[i] as number));
        if (order !== 0) return order;
      }
      return 0;
    },
    take: (positions) => taken(x, dims, axis, positions),
  };
}

/** NaN is greatest and equals itself; −0 equals +0. */
function compareElements(a: number | bigint, b: number | bigint): number {
  const [isNaNA, isNaNB] = [Number.isNaN(a), Number.isNaN(b)];
  if (isNaNA || isNaNB) return Number(isNaNA) - Number(isNaNB);
  return a < b ? -1 : Number(a > b);
}

/** Positions of equal slices, by first appearance. */
function groupsOf({ count, compare }: Slices): number[][] {
  const groups: number[][] = [];
  for (let i = 0; i < count; i++) {
    const equal = groups.find((group) => compare(group[0] as number, i) === 0);
    if (equal) equal.push(i);
    else groups.push([i]);
  }
  return groups;
}

function taken(
  { dtype, bytes }: Tensor,
  dims: readonly number[],
  axis: number,
  positions: readonly number[],
): Tensor {
  const block = elementCount(dims.slice(axis + 1)) * DTYPES[dtype].size;
  const outer = elementCount(dims.slice(0, axis));
  const kept = new Uint8Array(outer * positions.length * block);
  for (let o = 0; o < outer; o++) {
    positions.forEach((position, i) => {
      const from = (o * (dims[axis] as number) + position) * block;
      kept.set(bytes.subarray(from, from + block), (o * positions.length + i) * block);
    });
  }
  return { dtype, dims: dims.map((d, i) => (i === axis ? positions.length : d)), bytes: kept };
}
