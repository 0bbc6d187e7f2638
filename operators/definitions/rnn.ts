import { o } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import type { Activation } from "./shared/activations.js";
import type { Operand, Recurrence } from "./shared/context.js";
import {
  activated,
  type Direction,
  gateStage,
  type Recurrent,
  recurrentOf,
  type Sibling,
  stateBefore,
  whileItLasts,
} from "./shared/recurrence.js";
import { recurrentOutputs } from "./shared/recurrent-outputs.js";

/**
 * RNN: H = f(X·Wᵀ + H'·Rᵀ + Wb + Rb), H' the state of the step before; both products are contractions
 * from +0 (rule 9), the sum goes from left to right, clip comes before f (rule 22).
 *
 * X [steps, batch, input] (layout 1: batch first), W [directions, hidden, input], R [directions,
 * hidden, hidden], B [directions, 2·hidden], sequence_lens [batch] i32, initial_h [directions, batch,
 * hidden]. Outputs Y [steps, directions, batch, hidden] and Y_h [directions, batch, hidden].
 * Dtypes: f32, f16, bf16. Errors: `operator/invalid` for shapes that do not fit, no step at all.
 * Source: ONNX RNN, versions 1, 7, 14, 22.
 */
export const rnn: OperatorDefinition = {
  domain: "",
  name: "RNN",
  versions: [1, 7, 14, 22],
  lower(context) {
    const recurrent = recurrentOf(context, { gates: 1, activations: ["Tanh"] });
    const { stages, steps, directions } = recurrent;
    const all = stages.scan(
      steps,
      directions.flatMap((d) => direction(recurrent, d, 2 * d.index)),
    );
    return recurrentOutputs(recurrent, [directions.map((d) => all[2 * d.index + 1] as Operand)]);
  },
};

/** Stages of one direction, the first at `at`: the state before, the state. */
function direction(recurrent: Recurrent, d: Direction, at: number): Recurrence[] {
  const f = d.activations[0] as Activation;
  const gate = { name: "hidden", width: recurrent.hidden, before: sibling(at) };
  return [
    stateBefore(recurrent, d, "hidden before", 5, sibling(at + 1)),
    gateStage(recurrent, d, gate, (b, sum, views) => {
      const before = b.read(views.before, [o(0), o(1), o(2)]);
      return whileItLasts(b, views.lengths, activated(recurrent, f, b, sum), before);
    }),
  ];
}

const sibling =
  (stage: number): Sibling =>
  (siblings) =>
    siblings[stage] as Operand;
