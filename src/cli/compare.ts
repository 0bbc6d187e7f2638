import { AssayError, isFloat, readerOf, type Tensor } from "../../operators/index.js";

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

export interface Comparison {
  readonly within: boolean;
  /** Elements whose bits differ. */
  readonly differing: number;
  readonly elements: number;
  /** Largest |mine − theirs|; NaN against NaN counts as equal. */
  readonly largest: number;
  /** Row-major element of the largest difference. */
  readonly at: number;
}

/** Compares a tensor with someone else's: |mine − theirs| ≤ atol + rtol·|theirs|, NaN only with NaN. */
export function compareTensors(mine: Tensor, theirs: Tensor, tolerance: Tolerance): Comparison {
  const size = mine.dims.reduce((a, b) => a * b, 1);
  if (mine.dtype !== theirs.dtype || size !== theirs.dims.reduce((a, b) => a * b, 1)) {
    throw new AssayError(
      "input/mismatch",
      `cannot compare ${mine.dtype}[${mine.dims}] with ${theirs.dtype}[${theirs.dims}]`,
    );
  }
  const [a, b] = [readerOf(mine.dtype, mine.bytes), readerOf(theirs.dtype, theirs.bytes)];
  const { rtol, atol } = isFloat(mine.dtype) ? tolerance : { rtol: 0, atol: 0 };
  let result: Comparison = { within: true, differing: 0, elements: size, largest: 0, at: 0 };
  for (let i = 0; i < size; i++) {
    const [x, y] = [Number(a(i)), Number(b(i))];
    if (Object.is(x, y)) continue;
    const difference = x === y ? 0 : Math.abs(x - y);
    const within = difference <= atol + rtol * Math.abs(y);
    const larger = Number.isNaN(difference) || difference > result.largest;
    result = {
      ...result,
      within: result.within && within,
      differing: result.differing + 1,
      ...(larger ? { largest: difference, at: i } : {}),
    };
  }
  return result;
}
