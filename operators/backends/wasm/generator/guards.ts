import type { FunctionBody, Local } from "../function-body.js";
import type { Induction, Variable } from "./induction.js";
import type { Guard, Kernel, Linear } from "./kernel.js";
import { assembleLane, pushLanes } from "./lanes.js";

/** Tests of `0 ≤ value < extent` where it could not be proved. */

/** A guard's value at lane 0 of chunk 0, its change per lane, and its bound. */
export interface Test {
  readonly width: "i32" | "i64";
  readonly extent: bigint;
  readonly lane: bigint;
  /** Pushes the value at lane 0. */
  readonly push: () => void;
}

export function widthOf(guard: Guard): "i32" | "i64" {
  return guard.wide ? "i64" : "i32";
}

export function testOf(induction: Induction, guard: Guard, variable: Variable): Test {
  const push = (): void => induction.push(variable);
  return { width: widthOf(guard), extent: guard.extent, lane: variable.lane, push };
}

function pushConstant(f: FunctionBody, test: Test, value: bigint): void {
  if (test.width === "i32") f.i32(value);
  else f.i64(value);
}

function pushShifted(f: FunctionBody, test: Test, by: bigint): void {
  test.push();
  if (by === 0n) return;
  pushConstant(f, test, by);
  f.op(`${test.width}.add`);
}

/** Pushes whether the value is in range at `lane`; a negative one is out of range as unsigned. */
export function pushHolds(f: FunctionBody, test: Test, lane: number): void {
  pushShifted(f, test, test.lane * BigInt(lane));
  pushConstant(f, test, test.extent);
  f.op(`${test.width}.lt_u`);
}

/** Pushes whether all tests hold at lanes first … last; between the ends values are monotone. */
export function pushAllHold(
  f: FunctionBody,
  tests: readonly Test[],
  first: number,
  last: number,
): void {
  pushConjunction(
    f,
    tests.flatMap((t) => {
      const ends = t.lane === 0n || first === last ? [first] : [first, last];
      return ends.map((lane) => () => pushHolds(f, t, lane));
    }),
  );
}

/** Pushes whether some test fails at all lanes first … last. */
export function pushNoneHolds(
  f: FunctionBody,
  tests: readonly Test[],
  first: number,
  last: number,
): void {
  tests.forEach((t, i) => {
    const [low, high] = t.lane < 0n ? [last, first] : [first, last];
    pushShifted(f, t, t.lane * BigInt(low));
    pushConstant(f, t, t.extent);
    f.op(`${t.width}.ge_s`);
    pushShifted(f, t, t.lane * BigInt(high));
    pushConstant(f, t, 0n);
    f.op(`${t.width}.lt_s`).op("i32.or");
    if (i > 0) f.op("i32.or");
  });
}

export function pushConjunction(f: FunctionBody, terms: readonly (() => void)[]): void {
  if (terms.length === 0) f.i32(1);
  terms.forEach((push, i) => {
    push();
    if (i > 0) f.op("i32.and");
  });
}

/** Pushes whether a guard holds at all lanes of all chunks and all fold coordinates. */
export function pushInterior(
  f: FunctionBody,
  kernel: Kernel,
  test: Test,
  guard: Guard,
  lanes: number,
): void {
  let low = 0n;
  let high = 0n;
  const spans = guard.value.fold.map((c, d) => c * BigInt((kernel.fold[d] as number) - 1));
  for (const span of [...spans, test.lane * BigInt(lanes - 1)]) {
    if (span < 0n) low += span;
    else high += span;
  }
  pushShifted(f, test, low);
  pushConstant(f, test, 0n);
  f.op(`${test.width}.ge_s`);
  pushShifted(f, test, high);
  pushConstant(f, test, test.extent);
  f.op(`${test.width}.lt_s`).op("i32.and");
}

/** Pushes the lane mask of a varying guard in a chunk. */
export function pushLaneMask(f: FunctionBody, test: Test, chunk: number): void {
  const offsets = [0n, 1n, 2n, 3n].map((l) => (BigInt(4 * chunk) + l) * test.lane);
  if (test.width === "i32") {
    test.push();
    f.op("i32x4.splat");
    pushLanes(f, 32, offsets);
    f.op("i32x4.add");
    pushLanes(f, 32, [test.extent]);
    f.op("i32x4.lt_u");
    return;
  }
  f.scratch(["v128"], (mask) => {
    for (const lane of [0, 1, 2, 3]) {
      assembleLane(f, "i32", [mask as Local], lane, () => {
        f.i32(0);
        pushHolds(f, test, 4 * chunk + lane);
        f.op("i32.sub");
      });
    }
    f.get(mask as Local);
  });
}

/**
 * The conditions of `when` that together imply a guard on the same affine, or `undefined`: a read
 * behind them needs no test of its own.
 */
export function impliedBy(guard: Guard, when: readonly Guard[]): readonly Guard[] | undefined {
  if (guard.registers.length > 0) return undefined;
  const { value, extent } = guard;
  const atLeast = (l: Linear): Guard | undefined =>
    when.find((w) => sameSlopes(w.value, l) && w.value.constant <= l.constant);
  const needed = [
    ...(guard.proved === "lower" ? [] : [atLeast(value)]),
    ...(guard.proved === "upper" ? [] : [atLeast(complement(value, extent))]),
  ];
  return needed.every((w) => w !== undefined) ? needed : undefined;
}

/** extent − 1 − value: not negative where the value is below the extent. */
function complement(value: Linear, extent: bigint): Linear {
  const negate = (c: bigint): bigint => -c;
  return {
    constant: extent - 1n - value.constant,
    out: value.out.map(negate),
    fold: value.fold.map(negate),
  };
}

function sameSlopes(a: Linear, b: Linear): boolean {
  return a.out.every((c, i) => c === b.out[i]) && a.fold.every((c, i) => c === b.fold[i]);
}
