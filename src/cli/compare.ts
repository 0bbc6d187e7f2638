import { AssayError, isFloat, readerOf, sameType, type Tensor } from "../../operators/basis.js";
import { typeText } from "./format.js";

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

export interface Comparison {
  readonly within: boolean;
  /** Elements whose values differ; +0 and −0 do, any two NaNs do not. */
  readonly differing: number;
  readonly elements: number;
  /** Largest |mine − theirs|; NaN where only one of the two is. */
  readonly largest: number;
  /** Row-major element of the largest difference. */
  readonly at: number;
}

/**
 * Compares a tensor with someone else's: floats by |mine − theirs| ≤ atol + rtol·|theirs|, NaN and
 * infinities only with themselves; everything else exactly. Throws `input/mismatch` where dtype or
 * dims differ.
 */
export function compareTensors(mine: Tensor, theirs: Tensor, tolerance: Tolerance): Comparison {
  if (!sameType(mine, theirs)) {
    const types = `${typeText(mine)} with ${typeText(theirs)}`;
    throw new AssayError("input/mismatch", `cannot compare ${types}`);
  }
  const elements = mine.dims.reduce((a, b) => a * b, 1);
  const [a, b] = [valuesOf(mine), valuesOf(theirs)];
  const { rtol, atol } = isFloat(mine.dtype) ? tolerance : { rtol: 0, atol: 0 };
  let [within, differing, largest, at] = [true, 0, 0, 0];
  for (let i = 0; i < elements; i++) {
    const [x, y] = [a(i), b(i)];
    if (Object.is(x, y)) continue;
    differing++;
    const difference = distance(x, y);
    const close = Number.isFinite(difference) && difference <= atol + rtol * Math.abs(Number(y));
    if (!close) within = false;
    if (worse(difference, largest)) [largest, at] = [difference, i];
  }
  return { within, differing, elements, largest, at };
}

/** Registers hold the bits of a u64 as a signed integer. */
function valuesOf({ dtype, bytes }: Tensor): (i: number) => number | bigint {
  const read = readerOf(dtype, bytes);
  return dtype === "u64" ? (i) => BigInt.asUintN(64, read(i) as bigint) : read;
}

function distance(x: number | bigint, y: number | bigint): number {
  if (typeof x === "bigint" && typeof y === "bigint") return Number(x > y ? x - y : y - x);
  return x === y ? 0 : Math.abs(Number(x) - Number(y));
}

/** NaN is the largest difference of all; the first of equals counts. */
function worse(difference: number, largest: number): boolean {
  if (Number.isNaN(largest)) return false;
  return Number.isNaN(difference) || difference > largest;
}
