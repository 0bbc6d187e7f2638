import {
  type BodyBuilder,
  type Index,
  k,
  o,
  type Register,
  times,
  type View,
} from "../../program/builder.js";
import type { LoweringContext } from "../definition.js";
import { type Activation, activationsOf } from "./activations.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  type Recurrence,
  requireDType,
  StageList,
  stringAttribute,
} from "./context.js";
import { FUNCTION_FLOATS } from "./elementwise.js";
import { multiplyAdd } from "./multiply-add.js";

/**
 * What RNN, GRU and LSTM share: inputs, directions, the products X·Wᵀ outside the recurrence, the
 * state before a step, and the outputs in the layout asked for.
 *
 * Time here is that of the recurrence: step t of the reverse direction is position L − 1 − t of the
 * sequence, L the length of that batch entry. A batch entry whose sequence has ended keeps its state,
 * and Y is 0 there. Intermediates are f32 (rule 5).
 */
export interface Recurrent {
  readonly context: LoweringContext;
  readonly stages: StageList;
  readonly steps: number;
  readonly batch: number;
  readonly hidden: number;
  /** Gates per direction, in the order of the weights. */
  readonly gates: number;
  readonly layout: 0 | 1;
  readonly directions: readonly Direction[];
  readonly x: Operand;
  readonly recurrentWeights: Operand;
  readonly bias: Operand | undefined;
  readonly lengths: Operand | undefined;
}

export interface Direction {
  /** Position along the direction axis of weights and outputs. */
  readonly index: number;
  readonly reverse: boolean;
  readonly activations: readonly Activation[];
  /** dot(X[t], W) over the whole sequence, in the sequence's own time: [steps, batch, gates·hidden]. */
  readonly projected: Operand;
}

export interface RecurrentSpec {
  readonly gates: number;
  /** Default activations of one direction. */
  readonly activations: readonly string[];
}

/** Reads the node and adds the stages before the recurrence. */
export function recurrentOf(context: LoweringContext, spec: RecurrentSpec): Recurrent {
  const x = inputOperand(context, 0);
  const w = inputOperand(context, 1);
  const r = inputOperand(context, 2);
  requireDType(context, x, FUNCTION_FLOATS);
  const layout = context.version >= 14 ? intAttribute(context, "layout", 0) : 0;
  if (layout !== 0 && layout !== 1) throw invalid(context, `layout ${layout}`);
  if (x.dims.length !== 3) throw invalid(context, "X has three dims");
  const [steps, batch] = (layout === 0 ? x.dims : [x.dims[1], x.dims[0]]) as [number, number];
  if (steps === 0) throw invalid(context, "a sequence has at least one step");
  const reversed = directionsOf(context);
  const hidden = r.dims[2] ?? 0;
  const rows = spec.gates * hidden;
  requireShape(context, w, [reversed.length, rows, x.dims[2] as number], "W");
  requireShape(context, r, [reversed.length, rows, hidden], "R");
  const declared = intAttribute(context, "hidden_size", hidden);
  if (declared !== hidden) throw invalid(context, `hidden_size ${declared} is not that of R`);
  const bias = optional(context, 3);
  if (bias) requireShape(context, bias, [reversed.length, 2 * rows], "B");
  const lengths = optional(context, 4, "i32");
  if (lengths) requireShape(context, lengths, [batch], "sequence_lens");
  const stages = new StageList();
  const activations = activationsOf(context, spec.activations, reversed.length);
  const directions = reversed.map((reverse, index): Direction => {
    const per = spec.activations.length;
    return {
      index,
      reverse,
      activations: activations.slice(index * per, (index + 1) * per),
      projected: project(stages, x, w, { steps, batch, rows, layout, index }),
    };
  });
  return {
    context,
    stages,
    steps,
    batch,
    hidden,
    gates: spec.gates,
    layout,
    directions,
    x,
    recurrentWeights: r,
    bias,
    lengths,
  };
}

/** Whether each direction is the reverse one. */
function directionsOf(context: LoweringContext): boolean[] {
  const direction = stringAttribute(context, "direction", "forward");
  if (direction === "forward") return [false];
  if (direction === "reverse") return [true];
  if (direction === "bidirectional") return [false, true];
  throw invalid(context, `direction ${direction}`);
}

function optional(context: LoweringContext, index: number, dtype?: "i32"): Operand | undefined {
  if (!context.inputs[index]) return undefined;
  const operand = inputOperand(context, index);
  const expected = dtype ?? context.inputs[0]?.dtype;
  if (operand.dtype === expected) return operand;
  throw invalid(context, `input ${index} is ${operand.dtype}, not ${expected}`);
}

function requireShape(
  context: LoweringContext,
  { dims }: Operand,
  expected: readonly number[],
  name: string,
): void {
  if (dims.length === expected.length && dims.every((d, i) => d === expected[i])) return;
  throw invalid(context, `${name} is [${dims}], not [${expected}]`);
}

/** One contraction for all steps: X[t]·Wᵀ does not depend on the state. */
function project(
  stages: StageList,
  x: Operand,
  w: Operand,
  at: { steps: number; batch: number; rows: number; layout: 0 | 1; index: number },
): Operand {
  const { steps, batch, rows, layout, index } = at;
  const position: Index[] = layout === 0 ? [o(0), o(1)] : [o(1), o(0)];
  return stages.add("input products", [x, w], [steps, batch, rows], ([vx, vw]) => ({
    dtype: "f32",
    out: [steps, batch, rows],
    fold: [x.dims[2] as number],
    ...multiplyAdd("f32", (s) => [
      s.read(vx as View, [...position, k(0)]),
      s.read(vw as View, [index, o(2), k(0)]),
    ]),
    finish: (b) => b.state(0),
  }));
}

/** dot(state, R[gate rows]) as the fold of a stage over [t, batch, …rows from `firstRow`]. */
export function recurrentProduct(
  recurrent: Recurrent,
  direction: Direction,
  firstRow: number,
  state: View,
  weights: View,
) {
  return {
    fold: [recurrent.hidden],
    ...multiplyAdd("f32", (s) => [
      s.read(state, [o(0), o(1), k(0)]),
      s.read(weights, [direction.index, [o(2), firstRow], k(0)]),
    ]),
  };
}

/** A stage of the recurrence whose operands have names; those that are left out have no view. */
export function stateStage<Name extends string>(
  name: string,
  dims: readonly number[],
  operands: (siblings: readonly Operand[]) => Readonly<Record<Name, Operand | undefined>>,
  program: (views: Readonly<Record<Name, View | undefined>>) => ReturnType<Recurrence["program"]>,
): Recurrence {
  let names: Name[] = [];
  return {
    name,
    dtype: "f32",
    dims,
    axes: ["batch", "unit"],
    operands(siblings) {
      const given = operands(siblings);
      names = (Object.keys(given) as Name[]).filter((n) => given[n] !== undefined);
      return names.map((n) => given[n] as Operand);
    },
    program(views) {
      const entries = names.map((n, i) => [n, views[i]]);
      return program(Object.fromEntries(entries) as Record<Name, View | undefined>);
    },
  };
}

/** The state before step t: the initial one (0 where none is given), then that after t − 1. */
export function stateBefore(
  recurrent: Recurrent,
  direction: Direction,
  name: string,
  initial: number,
  after: (siblings: readonly Operand[]) => Operand,
): Recurrence {
  const { context, hidden, batch } = recurrent;
  const given = optional(context, initial);
  const dims =
    recurrent.layout === 0
      ? [recurrent.directions.length, batch]
      : [batch, recurrent.directions.length];
  if (given) requireShape(context, given, [...dims, hidden], `input ${initial}`);
  const at: Index[] = recurrent.layout === 0 ? [direction.index, o(1)] : [o(1), direction.index];
  return stateStage(
    name,
    [batch, hidden],
    (siblings) => ({ after: after(siblings), given }),
    (views) => ({
      finish: (b) => {
        const before = b.read(views.after as View, [[o(0), -1], o(1), o(2)]);
        if (!views.given) return before;
        const isFirst = b.eq(b.coordinate(o(0)), b.i64(0));
        return b.select(isFirst, b.read(views.given, [...at, o(2)]), before);
      },
    }),
  );
}

/** Input of a gate before its bias, from row `row` of the weights: its part of X·Wᵀ at step t. */
export function projectedAt(
  recurrent: Recurrent,
  direction: Direction,
  b: BodyBuilder,
  projected: View,
  lengths: View | undefined,
  row: Index,
): Register {
  return b.read(projected, [positionAt(recurrent, direction, b, lengths), o(1), row]);
}

/** Position in the sequence of step o(0); outside it where the sequence has ended. */
function positionAt(
  { steps }: Recurrent,
  { reverse }: Direction,
  b: BodyBuilder,
  lengths: View | undefined,
): Index {
  if (!reverse) return o(0);
  if (!lengths) return [steps - 1, o(0, -1)];
  return [times(lengthAt(b, lengths, o(1))), -1, o(0, -1)];
}

/** Length of a batch entry's sequence. */
export function lengthAt(b: BodyBuilder, lengths: View, batch: Index): Register {
  return b.op("i64.extend_i32_s", b.read(lengths, [batch]));
}

/** `next` while the sequence lasts, then the state before. */
export function whileItLasts(
  b: BodyBuilder,
  lengths: View | undefined,
  next: Register,
  before: Register,
): Register {
  if (!lengths) return next;
  return b.select(b.lt(b.coordinate(o(0)), lengthAt(b, lengths, o(1))), next, before);
}

/** `value`, clipped to ±`clip` where the node says so, then activated. */
export function activated(
  { context }: Recurrent,
  activation: Activation,
  b: BodyBuilder,
  value: Register,
): Register {
  const clip = floatAttribute(context, "clip");
  if (clip === undefined) return activation(b, value);
  return activation(b, b.min(b.max(value, b.f32(-clip)), b.f32(clip)));
}

/**
 * Adds the biases of W and R at `row`, in this order, where there are biases.
 */
export function biased(
  recurrent: Recurrent,
  direction: Direction,
  b: BodyBuilder,
  sum: Register,
  bias: View | undefined,
  row: Index,
): Register {
  const withInput = addBias(b, sum, bias, direction, row);
  return addBias(b, withInput, bias, direction, recurrentRow(recurrent, row));
}

/**
 * Gates whose weights are the first `width` rows: for each the sum of X·Wᵀ, H'·Rᵀ and the biases, and
 * what `finish` makes of it; `before` is H'.
 */
export function gateStage(
  recurrent: Recurrent,
  direction: Direction,
  { name, width, before }: { name: string; width: number; before: Sibling },
  finish: (b: BodyBuilder, sum: Register, views: { before: View; lengths?: View }) => Register,
): Recurrence {
  const { batch, recurrentWeights, bias, lengths } = recurrent;
  return stateStage(
    name,
    [batch, width],
    (s) => ({
      before: before(s),
      weights: recurrentWeights,
      projected: direction.projected,
      bias,
      lengths,
    }),
    (v) => ({
      ...recurrentProduct(recurrent, direction, 0, v.before as View, v.weights as View),
      finish: (b) => {
        const input = projectedAt(recurrent, direction, b, v.projected as View, v.lengths, o(2));
        const sum = biased(recurrent, direction, b, b.add(input, b.state(0)), v.bias, o(2));
        const views = { before: v.before as View, ...(v.lengths ? { lengths: v.lengths } : {}) };
        return finish(b, sum, views);
      },
    }),
  );
}

/** Picks one stage of the recurrence. */
export type Sibling = (siblings: readonly Operand[]) => Operand;

/** The row of R's bias that stands beside `row` of W's. */
export function recurrentRow({ gates, hidden }: Recurrent, row: Index): Index {
  return [...(Array.isArray(row) ? row : [row]), gates * hidden] as Index;
}

export function addBias(
  b: BodyBuilder,
  sum: Register,
  bias: View | undefined,
  { index }: Direction,
  row: Index,
): Register {
  return bias ? b.add(sum, b.read(bias, [index, row])) : sum;
}
