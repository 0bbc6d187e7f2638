import type { FunctionBody, Local } from "../function-body.js";
import type { Kernel } from "./kernel.js";
import type { Schedule } from "./schedule.js";

/** Where in the output a unit lies: counters that run like an odometer. */

/** The position of a unit: a counter per outer dim, and the block. */
export interface Position {
  /** Counters in units, outermost first; only those with more than one value. */
  readonly digits: readonly { readonly local: Local; readonly extent: number }[];
  readonly block: Local;
  /** Pairs of a counter and the coordinate that it stands for, where the two differ. */
  readonly stepped: readonly { counter: Local; coordinate: Local; step: number; last: number }[];
}

export function declarePosition(
  f: FunctionBody,
  kernel: Kernel,
  schedule: Schedule,
  coordinates: readonly Local[],
): Position {
  const block = f.local("i32");
  const stepped: Position["stepped"][number][] = [];
  const digits = schedule.outer.map((d, i) => {
    const coordinate = coordinates[i] as Local;
    if (d.step === 1) return { local: coordinate, extent: d.positions };
    const counter = f.local("i32");
    const last = (kernel.out[d.dim] as number) - d.step;
    stepped.push({ counter, coordinate, step: d.step, last });
    return { local: counter, extent: d.positions };
  });
  const all = [...digits, { local: block, extent: schedule.blocks }];
  return { digits: all.filter((d) => d.extent > 1), block, stepped };
}

/** Counters for a unit: its digits in the mixed radix of the extents. */
export function setPosition(f: FunctionBody, position: Position, unit: Local): void {
  f.scratch(["i32"], (local) => {
    const rest = local as Local;
    f.get(unit).set(rest);
    for (const [i, digit] of [...position.digits.entries()].reverse()) {
      f.get(rest);
      if (i > 0) f.i32(digit.extent).op("i32.rem_u");
      f.set(digit.local);
      if (i > 0) f.get(rest).i32(digit.extent).op("i32.div_u").set(rest);
    }
  });
}

/** One unit on: like an odometer, the last digit first. */
export function advancePosition(f: FunctionBody, position: Position): void {
  const step = (at: number): void => {
    const digit = position.digits[at];
    if (!digit) return;
    f.get(digit.local).i32(1).op("i32.add").tee(digit.local);
    f.i32(digit.extent).op("i32.eq");
    f.if(() => {
      f.i32(0).set(digit.local);
      step(at - 1);
    });
  };
  step(position.digits.length - 1);
}

/** Coordinates of stepped dims; the last group is moved back so that it ends with the dim. */
export function setCoordinates(f: FunctionBody, position: Position): void {
  for (const { counter, coordinate, step, last } of position.stepped) {
    setMin(f, coordinate, () => f.get(counter).i32(step).op("i32.mul"), last);
  }
}

/** Sets a local to min(what `push` pushes, limit). */
export function setMin(f: FunctionBody, local: Local, push: () => void, limit: number): void {
  push();
  f.set(local);
  f.get(local).i32(limit).get(local).i32(limit).op("i32.lt_u").op("select").set(local);
}
