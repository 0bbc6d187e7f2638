import type { DType } from "../dtype.js";
import {
  type BodyBuilder,
  type Index,
  k,
  o,
  type Register,
  times,
  type View,
} from "../program/builder.js";
import { LIMITS } from "../program/types.js";
import { type Operand, registerOf, type StageList } from "./shared/context.js";
import { multiplyAdd } from "./shared/multiply-add.js";

/**
 * Strided transposed convolution in phases. A cell u of the full result is reached from kernel
 * position k where u − k·dilation is a multiple of the stride. With step = stride ÷ gcd(stride,
 * dilation) these are, for one u, the k of one residue modulo step, its *phase*: for
 *
 *   u = stride · q + dilation · phase,   k = step · j + phase
 *
 * the cell of X is q − j · dilation ÷ gcd, affine in (q, j). So all phases that have equally many k
 * are one program, a contraction with the axes (…, phase, map, q); at most two per spatial axis.
 */
export interface PhasedAxis {
  readonly stride: number;
  readonly dilation: number;
  readonly kernel: number;
  /** Cells of the full result before the output begins, and cells of the output. */
  readonly begin: number;
  readonly output: number;
}

export interface Channels {
  readonly batch: number;
  readonly groups: number;
  readonly inner: number;
  readonly outer: number;
}

/** Phases first … first + count − 1 of an axis, each with kernel positions j = 0 … steps − 1. */
interface Class {
  readonly first: number;
  readonly count: number;
  readonly steps: number;
}

export interface Phases extends PhasedAxis {
  readonly common: number;
  readonly step: number;
  readonly classes: readonly Class[];
  /** The least q, and how many there are. */
  readonly from: number;
  readonly count: number;
}

export function phasesOf(axis: PhasedAxis): Phases {
  const { stride, dilation, kernel, begin, output } = axis;
  const common = greatestCommonDivisor(stride, dilation);
  const step = stride / common;
  const whole = Math.floor(kernel / step);
  const rest = kernel % step;
  const classes = [
    { first: 0, count: rest, steps: whole + 1 },
    { first: rest, count: step - rest, steps: whole },
  ].filter((c) => c.count > 0 && c.steps > 0);
  const from = Math.ceil((begin - dilation * (step - 1)) / stride);
  const last = Math.floor((begin + output - 1) / stride);
  return { ...axis, common, step, classes, from, count: Math.max(0, last - from + 1) };
}

/** The kernel positions of one choice of a class per axis. */
export type Choice = readonly Class[];

/**
 * All choices. Where they would need too many dims (three strided axes), those of the axis with the
 * fewest phases are taken one phase at a time, which needs no dim.
 */
export function choicesOf(axes: readonly Phases[]): Choice[] {
  const rank = 3 + axes.length + axes.filter((a) => a.classes.some((c) => c.count > 1)).length;
  const phases = axes.map((a) => a.classes.reduce((sum, c) => sum + c.count, 0));
  const least = rank > LIMITS.rank ? phases.indexOf(Math.min(...phases)) : -1;
  const options = axes.map((a, i) => (i === least ? a.classes.flatMap(onePhaseEach) : a.classes));
  return options.reduce<Class[][]>(
    (found, classes) => found.flatMap((c) => classes.map((next) => [...c, next])),
    [[]],
  );
}

function onePhaseEach({ first, count, steps }: Class): Class[] {
  return Array.from({ length: count }, (_, i) => ({ first: first + i, count: 1, steps }));
}

/** What is convolved, and how sums are stored. */
export interface Phased {
  readonly x: Operand;
  readonly w: Operand;
  readonly channels: Channels;
  readonly axes: readonly Phases[];
  readonly dtype: DType;
  /** Added to the sums at once where they are the result. */
  readonly bias?: Operand | undefined;
}

/** Adds the stage of a choice's sums: [batch, group, phases of classes with several…, map, q…]. */
export function phaseStage(
  stages: StageList,
  name: string,
  { x, w, channels, axes, dtype, bias }: Phased,
  choice: Choice,
): Operand {
  const { batch, groups, inner, outer } = channels;
  const several = severalOf(choice);
  const map = 2 + several.length;
  const out = [
    batch,
    groups,
    ...several.map((i) => (choice[i] as Class).count),
    outer,
    ...axes.map((a) => a.count),
  ];
  const cells = axes.map(
    (a, i): Index => [o(map + 1 + i), a.from, k(1 + i, -a.dilation / a.common)],
  );
  const taps = choice.map((c, i): Index => {
    const phase = several.indexOf(i);
    const base = [c.first, k(1 + i, (axes[i] as Phases).step)];
    return phase < 0 ? base : [...base, o(2 + phase)];
  });
  const operands = bias ? [x, w, bias] : [x, w];
  return stages.add(name, operands, out, ([vx, vw, vb]) => ({
    dtype,
    out,
    fold: [inner, ...choice.map((c) => c.steps)],
    ...multiplyAdd(registerOf(dtype), (s) => [
      s.read({ ...(vx as View), dims: [batch, groups, inner, ...x.dims.slice(2)] }, [
        o(0),
        o(1),
        k(0),
        ...cells,
      ]),
      s.read({ ...(vw as View), dims: [groups, inner, outer, ...w.dims.slice(2)] }, [
        o(1),
        k(0),
        o(map),
        ...taps,
      ]),
    ]),
    finish: (f) =>
      vb ? f.add(f.state(0), f.read({ ...vb, dims: [groups, outer] }, [o(1), o(map)])) : f.state(0),
  }));
}

/** Axes whose class has several phases, and so a dim for them. */
function severalOf(choice: Choice): number[] {
  return choice.flatMap((c, i) => (c.count > 1 ? [i] : []));
}

/**
 * Adds two tables over the output cells of an axis: the phase, −1 where no kernel position reaches
 * the cell, and q.
 */
export function placeStages(stages: StageList, axis: Phases, at: number): [Operand, Operand] {
  const { begin, output, dilation, stride, common, step } = axis;
  const phase = stages.add(`phase ${at}`, [], [output], () => ({
    dtype: "i64",
    out: [output],
    finish: (b) => {
      const u = b.coordinate([o(0), begin]);
      const inverse = b.i64(inverseOf(dilation / common, step));
      const whole = b.op("i64.div_u", u, b.i64(common));
      const residue = b.op("i64.rem_u", whole, b.i64(step));
      const found = b.op("i64.rem_u", b.mul(residue, inverse), b.i64(step));
      const reached = b.eq(b.op("i64.rem_u", u, b.i64(common)), b.i64(0));
      return b.select(reached, found, b.i64(-1));
    },
  }));
  const q = stages.add(`q ${at}`, [phase], [output], ([vp]) => ({
    dtype: "i64",
    out: [output],
    finish: (b) => {
      const before = b.mul(b.read(vp as View, [o(0)]), b.i64(dilation));
      return b.div(b.sub(b.coordinate([o(0), begin]), before), b.i64(stride));
    },
  }));
  return [phase, q];
}

/** Reads a choice's sum for the output cell (o(0) batch, o(1) group, o(2) map, …) at these places. */
export function readSum(
  b: BodyBuilder,
  view: View,
  choice: Choice,
  axes: readonly Phases[],
  places: readonly Place[],
): Register {
  const place = (i: number): Place => places[i] as Place;
  return b.read(view, [
    o(0),
    o(1),
    ...severalOf(choice).map((i): Index => [times(place(i).phase), -(choice[i] as Class).first]),
    o(2),
    ...axes.map((a, i): Index => [times(place(i).q), -a.from]),
  ]);
}

export interface Place {
  readonly phase: Register;
  readonly q: Register;
}

/** Whether the phases are those of the choice, an i32 0 or 1. */
export function isChoice(b: BodyBuilder, choice: Choice, places: readonly Place[]): Register {
  return choice
    .map(({ first, count }, i) => {
      const { phase } = places[i] as Place;
      return b.and(b.le(b.i64(first), phase), b.lt(phase, b.i64(first + count)));
    })
    .reduce((p, q) => b.and(p, q));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** x in 0 … m − 1 with x · a ≡ 1 modulo m, for coprime a and m. */
function inverseOf(a: number, m: number): number {
  let [r, next] = [m, a % m];
  let [x, following] = [0, 1];
  while (next > 0) {
    const whole = Math.floor(r / next);
    [r, next] = [next, r - whole * next];
    [x, following] = [following, x - whole * following];
  }
  return ((x % m) + m) % m;
}
