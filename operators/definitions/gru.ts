import { o, type View } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import type { Activation } from "./shared/activations.js";
import { intAttribute, type Operand, type Recurrence } from "./shared/context.js";
import {
  activated,
  addBias,
  type Direction,
  gateStage,
  projectedAt,
  type Recurrent,
  recurrentOf,
  recurrentProduct,
  recurrentRow,
  type Sibling,
  stateBefore,
  stateStage,
  whileItLasts,
} from "./shared/recurrence.js";
import { recurrentOutputs } from "./shared/recurrent-outputs.js";

/**
 * GRU, with H' the state of the step before and gates in the order z, r, h:
 *
 *   z = f(X·Wzᵀ + H'·Rzᵀ + Wbz + Rbz), r the same with its weights
 *   h = g(X·Whᵀ + (r ⊙ H')·Rhᵀ + Rbh + Wbh), or where `linear_before_reset` is not 0
 *   h = g(X·Whᵀ + r ⊙ (H'·Rhᵀ + Rbh) + Wbh)
 *   H = (1 − z) ⊙ h + z ⊙ H'
 *
 * Products are contractions from +0 (rule 9), sums go from left to right, clip comes before f and g
 * (rule 22). Shapes as in RNN with three gates; outputs Y and Y_h.
 * Dtypes: f32, f16, bf16. Errors: `operator/invalid` for shapes that do not fit, no step at all.
 * Source: ONNX GRU, versions 1, 3, 7, 14, 22.
 */
export const gru: OperatorDefinition = {
  domain: "",
  name: "GRU",
  versions: [1, 3, 7, 14, 22],
  lower(context) {
    const recurrent = recurrentOf(context, { gates: 3, activations: ["Sigmoid", "Tanh"] });
    const linearFirst = intAttribute(context, "linear_before_reset", 0) !== 0;
    const { stages, steps, directions } = recurrent;
    const count = linearFirst ? 3 : 4;
    const all = stages.scan(
      steps,
      directions.flatMap((d) => direction(recurrent, d, count * d.index, linearFirst)),
    );
    return recurrentOutputs(recurrent, [
      directions.map((d) => all[count * (d.index + 1) - 1] as Operand),
    ]);
  },
};

/** Stages of one direction, the first at `at`: the state before, z and r, (r ⊙ H',) the state. */
function direction(
  recurrent: Recurrent,
  d: Direction,
  at: number,
  linearFirst: boolean,
): Recurrence[] {
  const before = (s: readonly Operand[]): Operand => s[at] as Operand;
  const gates = (s: readonly Operand[]): Operand => s[at + 1] as Operand;
  const last = linearFirst ? 2 : 3;
  const first = [
    stateBefore(recurrent, d, "hidden before", 5, (s) => s[at + last] as Operand),
    updateAndReset(recurrent, d, before),
  ];
  if (linearFirst) return [...first, hiddenState(recurrent, d, before, gates, undefined)];
  const reset = (s: readonly Operand[]): Operand => s[at + 2] as Operand;
  return [
    ...first,
    resetState(recurrent, before, gates),
    hiddenState(recurrent, d, before, gates, reset),
  ];
}

function updateAndReset(recurrent: Recurrent, d: Direction, before: Sibling): Recurrence {
  const f = d.activations[0] as Activation;
  const gates = { name: "gates", width: 2 * recurrent.hidden, before };
  return gateStage(recurrent, d, gates, (b, sum) => activated(recurrent, f, b, sum));
}

/** r ⊙ H'. */
function resetState({ batch, hidden }: Recurrent, before: Sibling, gates: Sibling): Recurrence {
  return stateStage(
    "hidden after reset",
    [batch, hidden],
    (s) => ({ before: before(s), gates: gates(s) }),
    (v) => ({
      finish: (b) =>
        b.mul(
          b.read(v.gates as View, [o(0), o(1), [o(2), hidden]]),
          b.read(v.before as View, [o(0), o(1), o(2)]),
        ),
    }),
  );
}

/** h and H; without `reset` the product is taken of H' and multiplied by r afterwards. */
function hiddenState(
  recurrent: Recurrent,
  d: Direction,
  before: Sibling,
  gates: Sibling,
  reset: Sibling | undefined,
): Recurrence {
  const { batch, hidden, recurrentWeights, bias, lengths } = recurrent;
  const g = d.activations[1] as Activation;
  const row = [o(2), 2 * hidden];
  return stateStage(
    "hidden",
    [batch, hidden],
    (s) => ({
      before: before(s),
      gates: gates(s),
      reset: reset?.(s),
      weights: recurrentWeights,
      projected: d.projected,
      bias,
      lengths,
    }),
    (v) => ({
      ...recurrentProduct(
        recurrent,
        d,
        2 * hidden,
        v.reset ?? (v.before as View),
        v.weights as View,
      ),
      finish: (b) => {
        const input = projectedAt(recurrent, d, b, v.projected as View, v.lengths, row);
        const state = b.read(v.before as View, [o(0), o(1), o(2)]);
        const r = b.read(v.gates as View, [o(0), o(1), [o(2), hidden]]);
        const inner = addBias(
          b,
          b.state(0),
          reset ? undefined : v.bias,
          d,
          recurrentRow(recurrent, row),
        );
        const product = b.add(input, reset ? inner : b.mul(r, inner));
        const recurrentBias = reset ? v.bias : undefined;
        const withOne = addBias(b, product, recurrentBias, d, recurrentRow(recurrent, row));
        const h = activated(recurrent, g, b, addBias(b, withOne, v.bias, d, row));
        const z = b.read(v.gates as View, [o(0), o(1), o(2)]);
        const next = b.add(b.mul(b.sub(b.f32(1), z), h), b.mul(z, state));
        return whileItLasts(b, v.lengths, next, state);
      },
    }),
  );
}
