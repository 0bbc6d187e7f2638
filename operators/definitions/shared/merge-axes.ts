/**
 * Fewer axes for the same elements. A program's `out` may be any row-major factorisation of the
 * output's dims; merged axes keep programs small, within the rank limit, and contiguous inside.
 */

export interface MergedBroadcast {
  readonly out: number[];
  /** Dims of each operand, with the rank of `out`; 1 where the operand stands still. */
  readonly operands: number[][];
}

/**
 * Merges neighbouring output axes along which each operand either always moves or always stands
 * still, and drops axes of extent 1. Operands of one shape become one flat axis.
 */
export function mergeBroadcast(
  out: readonly number[],
  shapes: readonly (readonly number[])[],
): MergedBroadcast {
  const padded = shapes.map((s) => [...new Array<number>(out.length - s.length).fill(1), ...s]);
  const merged: MergedBroadcast = { out: [], operands: shapes.map(() => []) };
  let previous: string | undefined;
  out.forEach((d, axis) => {
    if (d === 1) return;
    const moves = padded.map((s) => s[axis] !== 1);
    const pattern = moves.join();
    const at = pattern === previous ? merged.out.length - 1 : merged.out.length;
    merged.out[at] = (merged.out[at] ?? 1) * d;
    merged.operands.forEach((dims, i) => {
      dims[at] = (dims[at] ?? 1) * (moves[i] ? d : 1);
    });
    previous = pattern;
  });
  return merged;
}

/** One axis of a strided copy: out coordinate o reads `start + step · o` of an axis of `extent`. */
export interface CopyAxis {
  readonly extent: number;
  readonly count: number;
  readonly start: number;
  readonly step: number;
}

/** A whole axis copied as it is. */
export function wholeAxis(extent: number): CopyAxis {
  return { extent, count: extent, start: 0, step: 1 };
}

/**
 * Merges each whole axis into its outer neighbour where that one has step 1. What lies outside the
 * outer axis lies outside the merged one, so reads that yield their pad value still do.
 */
export function mergeCopy(axes: readonly CopyAxis[]): CopyAxis[] {
  return mergeWhere(axes, (outer) => outer.step === 1);
}

/** Merges neighbouring whole axes only: for reads that map what lies outside an axis into it. */
export function mergeWhole(axes: readonly CopyAxis[]): CopyAxis[] {
  return mergeWhere(axes, isWhole);
}

function isWhole(axis: CopyAxis): boolean {
  return axis.start === 0 && axis.step === 1 && axis.count === axis.extent;
}

function mergeWhere(
  axes: readonly CopyAxis[],
  takesInner: (outer: CopyAxis) => boolean,
): CopyAxis[] {
  const merged: CopyAxis[] = [];
  for (const axis of axes) {
    const outer = merged.at(-1);
    if (outer && isWhole(axis) && takesInner(outer)) {
      merged[merged.length - 1] = {
        extent: outer.extent * axis.extent,
        count: outer.count * axis.extent,
        start: outer.start * axis.extent,
        step: 1,
      };
    } else merged.push(axis);
  }
  return merged;
}

export interface MergedTranspose {
  /** Dims of the input after merging, in input order. */
  readonly view: number[];
  /** For each output axis, which input axis it is. */
  readonly permutation: number[];
}

/** Drops axes of extent 1 and merges axes that stay neighbours under the permutation. */
export function mergeTranspose(
  dims: readonly number[],
  permutation: readonly number[],
): MergedTranspose {
  const kept = permutation.filter((axis) => dims[axis] !== 1);
  const inputOrder = [...kept].sort((a, b) => a - b);
  const rank = new Map(inputOrder.map((axis, i) => [axis, i]));
  const groups: number[][] = [];
  for (const axis of kept) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (group && last !== undefined && rank.get(axis) === (rank.get(last) as number) + 1) {
      group.push(axis);
    } else groups.push([axis]);
  }
  const byInput = [...groups].sort((a, b) => (a[0] as number) - (b[0] as number));
  return {
    view: byInput.map((g) => g.reduce((n, axis) => n * (dims[axis] as number), 1)),
    permutation: groups.map((g) => byInput.indexOf(g)),
  };
}
