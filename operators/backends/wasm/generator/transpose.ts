import type { RegisterType } from "../../../dtype.js";
import type { FunctionBody, Local } from "../function-body.js";
import { LANE_SHAPES } from "./lanes.js";

/** A block of 4 × 4 elements, turned: `into[j]` gets element j of each of the four rows. */

type Vectors = readonly (readonly Local[])[];

export function transposeBlock(
  f: FunctionBody,
  type: RegisterType,
  rows: Vectors,
  into: Vectors,
): void {
  if (LANE_SHAPES[type].halves === 1) transposeWords(f, rows, into);
  else transposePairs(f, rows, into);
}

const INTERLEAVE_LOW = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const INTERLEAVE_HIGH = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];
const BOTH_LOW = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const BOTH_HIGH = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

function transposeWords(f: FunctionBody, rows: Vectors, into: Vectors): void {
  const [a, b, c, d] = rows.map((r) => r[0]) as [Local, Local, Local, Local];
  const combine = (x: Local, y: Local, bytes: readonly number[], target: Local): void => {
    f.get(x).get(y).shuffle(bytes).set(target);
  };
  f.scratch(["v128", "v128"], (first, second) => {
    const ab = first as Local;
    const cd = second as Local;
    for (const [at, interleave] of [INTERLEAVE_LOW, INTERLEAVE_HIGH].entries()) {
      combine(a, b, interleave, ab);
      combine(c, d, interleave, cd);
      combine(ab, cd, BOTH_LOW, into[2 * at]?.[0] as Local);
      combine(ab, cd, BOTH_HIGH, into[2 * at + 1]?.[0] as Local);
    }
  });
}

function transposePairs(f: FunctionBody, rows: Vectors, into: Vectors): void {
  for (const [j, halves] of into.entries()) {
    for (const [h, local] of halves.entries()) {
      f.get(rows[2 * h]?.[j >> 1] as Local);
      f.get(rows[2 * h + 1]?.[j >> 1] as Local);
      f.shuffle(j % 2 === 0 ? BOTH_LOW : BOTH_HIGH).set(local);
    }
  }
}
