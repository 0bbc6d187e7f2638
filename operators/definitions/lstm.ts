import { type BodyBuilder, o, type Register, type View } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  type Recurrence,
} from "./shared/context.js";
import {
  activated,
  biased,
  type Direction,
  projectedAt,
  type Recurrent,
  recurrentOf,
  recurrentProduct,
  type Sibling,
  stateBefore,
  stateStage,
  whileItLasts,
} from "./shared/recurrence.js";
import { recurrentOutputs } from "./shared/recurrent-outputs.js";

/**
 * LSTM, with H', C' the states of the step before and gates in the order i, o, f, c:
 *
 *   i = f(X·Wiᵀ + H'·Riᵀ + Pi ⊙ C' + Wbi + Rbi), f the same with its weights
 *   c = g(X·Wcᵀ + H'·Rcᵀ + Wbc + Rbc)
 *   C = f ⊙ C' + i ⊙ c
 *   o = f(X·Woᵀ + H'·Roᵀ + Po ⊙ C + Wbo + Rbo)
 *   H = o ⊙ h(C)
 *
 * Products are contractions from +0 (rule 9), sums go from left to right, clip comes before each
 * activation, and where `input_forget` is not 0 the forget gate is 1 − i (rule 22). Peepholes P come
 * in the order i, o, f. Shapes as in RNN with four gates, initial_c and Y_c like initial_h and Y_h.
 * Dtypes: f32, f16, bf16. Errors: `operator/invalid` for shapes that do not fit, no step at all.
 * Source: ONNX LSTM, versions 1, 7, 14, 22.
 */
export const lstm: OperatorDefinition = {
  domain: "",
  name: "LSTM",
  versions: [1, 7, 14, 22],
  lower(context) {
    const recurrent = recurrentOf(context, { gates: 4, activations: ["Sigmoid", "Tanh", "Tanh"] });
    const { stages, steps, directions } = recurrent;
    const peepholes = peepholesOf(recurrent);
    const all = stages.scan(
      steps,
      directions.flatMap((d) => direction(recurrent, d, STAGES * d.index, peepholes)),
    );
    const of = (stage: number): Operand[] =>
      directions.map((d) => all[STAGES * d.index + stage] as Operand);
    return recurrentOutputs(recurrent, [of(HIDDEN), of(CELL)]);
  },
};

/** Stages per direction. */
const STAGES = 5;
const [HIDDEN_BEFORE, CELL_BEFORE, PRODUCTS, CELL, HIDDEN] = [0, 1, 2, 3, 4] as const;
/** Positions of the gates in W, R and B, and of the peepholes in P. */
const GATE = { i: 0, o: 1, f: 2, c: 3 } as const;

function peepholesOf({ context, directions, hidden, x }: Recurrent): Operand | undefined {
  if (!context.inputs[7]) return undefined;
  const p = inputOperand(context, 7);
  const fits = p.dims.length === 2 && p.dims[0] === directions.length && p.dims[1] === 3 * hidden;
  if (!fits || p.dtype !== x.dtype) throw invalid(context, "P is [directions, 3·hidden]");
  return p;
}

function direction(
  recurrent: Recurrent,
  d: Direction,
  at: number,
  peepholes: Operand | undefined,
): Recurrence[] {
  const sibling = (stage: number) => (s: readonly Operand[]) => s[at + stage] as Operand;
  const states: States = {
    cellBefore: sibling(CELL_BEFORE),
    hiddenBefore: sibling(HIDDEN_BEFORE),
    products: sibling(PRODUCTS),
    cell: sibling(CELL),
    peepholes,
  };
  return [
    stateBefore(recurrent, d, "hidden before", 5, sibling(HIDDEN)),
    stateBefore(recurrent, d, "cell before", 6, sibling(CELL)),
    products(recurrent, d, states),
    cell(recurrent, d, states),
    hidden(recurrent, d, states),
  ];
}

interface States {
  readonly hiddenBefore: Sibling;
  readonly cellBefore: Sibling;
  readonly products: Sibling;
  readonly cell: Sibling;
  readonly peepholes: Operand | undefined;
}

/** X·Wᵀ + H'·Rᵀ of all gates. */
function products(recurrent: Recurrent, d: Direction, states: States): Recurrence {
  const { batch, recurrentWeights, lengths } = recurrent;
  return stateStage(
    "gate products",
    [batch, 4 * recurrent.hidden],
    (s) => ({
      before: states.hiddenBefore(s),
      weights: recurrentWeights,
      projected: d.projected,
      lengths,
    }),
    (v) => ({
      ...recurrentProduct(recurrent, d, 0, v.before as View, v.weights as View),
      finish: (b) =>
        b.add(projectedAt(recurrent, d, b, v.projected as View, v.lengths, o(2)), b.state(0)),
    }),
  );
}

type GateViews = Readonly<Record<"products" | "peepholes" | "bias", View | undefined>>;

/** A gate at o: its products, the peephole's part of `cell`, biases, clip, activation. */
function gate(
  recurrent: Recurrent,
  d: Direction,
  b: BodyBuilder,
  views: GateViews,
  which: keyof typeof GATE,
  cellState: Register | undefined,
): Register {
  const row = [o(2), GATE[which] * recurrent.hidden];
  const product = b.read(views.products as View, [o(0), o(1), row]);
  const seen =
    views.peepholes && cellState
      ? b.add(product, b.mul(b.read(views.peepholes, [d.index, row]), cellState))
      : product;
  const activation = d.activations[which === "c" ? 1 : 0] as Direction["activations"][0];
  return activated(recurrent, activation, b, biased(recurrent, d, b, seen, views.bias, row));
}

function cell(recurrent: Recurrent, d: Direction, states: States): Recurrence {
  const { context, batch, bias, lengths } = recurrent;
  const coupled = intAttribute(context, "input_forget", 0) !== 0;
  return stateStage(
    "cell",
    [batch, recurrent.hidden],
    (s) => ({
      products: states.products(s),
      before: states.cellBefore(s),
      peepholes: states.peepholes,
      bias,
      lengths,
    }),
    (v) => ({
      finish: (b) => {
        const before = b.read(v.before as View, [o(0), o(1), o(2)]);
        const i = gate(recurrent, d, b, v, "i", before);
        const f = coupled ? b.sub(b.f32(1), i) : gate(recurrent, d, b, v, "f", before);
        const c = gate(recurrent, d, b, v, "c", undefined);
        return whileItLasts(b, v.lengths, b.add(b.mul(f, before), b.mul(i, c)), before);
      },
    }),
  );
}

function hidden(recurrent: Recurrent, d: Direction, states: States): Recurrence {
  const { batch, bias, lengths } = recurrent;
  const h = d.activations[2] as Direction["activations"][0];
  return stateStage(
    "hidden",
    [batch, recurrent.hidden],
    (s) => ({
      products: states.products(s),
      cell: states.cell(s),
      before: states.hiddenBefore(s),
      peepholes: states.peepholes,
      bias,
      lengths,
    }),
    (v) => ({
      finish: (b) => {
        const state = b.read(v.cell as View, [o(0), o(1), o(2)]);
        const output = gate(recurrent, d, b, v, "o", state);
        const before = b.read(v.before as View, [o(0), o(1), o(2)]);
        return whileItLasts(b, v.lengths, b.mul(output, h(b, state)), before);
      },
    }),
  );
}
