import { type Index, o, type Register, times, type View } from "../../program/builder.js";
import type { Lowering } from "../definition.js";
import { invalid, type Operand } from "./context.js";
import { lengthAt, type Recurrent } from "./recurrence.js";

/** Y, then the last state of each of `states` (one operand per direction). */
export function recurrentOutputs(
  recurrent: Recurrent,
  states: readonly (readonly Operand[])[],
): Lowering {
  const { stages, context } = recurrent;
  const outputs = [
    () => sequence(recurrent, states[0] as readonly Operand[]),
    ...states.map((state) => () => last(recurrent, state)),
  ];
  if (context.outputCount > outputs.length) {
    throw invalid(context, `has at most ${outputs.length} outputs`);
  }
  return stages.lowering(outputs.slice(0, context.outputCount).map((output) => output()));
}

/** Y: the state after each position of the sequence, +0 where it has ended. */
function sequence(recurrent: Recurrent, states: readonly Operand[]): Operand {
  const { stages, steps, batch, hidden, layout, lengths, x, directions } = recurrent;
  const count = directions.length;
  const dims = layout === 0 ? [steps, count, batch, hidden] : [batch, steps, count, hidden];
  const [time, direction, entry] = layout === 0 ? [0, 1, 2] : [1, 2, 0];
  const operands = [...states, ...(lengths ? [lengths] : [])];
  return stages.add("output", operands, dims, (views) => ({
    dtype: x.dtype,
    out: dims,
    finish: (b) => {
      const lengthsView = lengths && (views[count] as View);
      const length = lengthsView && lengthAt(b, lengthsView, o(entry as number));
      const values = directions.map(({ reverse, index }) => {
        const view = views[index] as View;
        const end = length ? times(length) : steps;
        const at: Index = reverse ? [end, -1, o(time as number, -1)] : o(time as number);
        const value = b.read(view, [at, o(entry as number), o(3)]);
        if (reverse || !length) return value;
        return b.select(b.lt(b.coordinate(o(time as number)), length), value, b.f32(0));
      });
      const [first, second] = values as [Register, Register | undefined];
      if (!second) return first;
      return b.select(b.eq(b.coordinate(o(direction as number)), b.i64(0)), first, second);
    },
  }));
}

/** The state after the last step of each sequence. */
function last(recurrent: Recurrent, states: readonly Operand[]): Operand {
  const { stages, steps, batch, hidden, layout, x, directions } = recurrent;
  const count = directions.length;
  const dims = layout === 0 ? [count, batch, hidden] : [batch, count, hidden];
  const [direction, entry] = layout === 0 ? [0, 1] : [1, 0];
  return stages.add("last state", states, dims, (views) => ({
    dtype: x.dtype,
    out: dims,
    finish: (b) => {
      const [first, second] = views.map((v) => b.read(v, [steps - 1, o(entry as number), o(2)]));
      if (!second) return first as Register;
      const isFirst = b.eq(b.coordinate(o(direction as number)), b.i64(0));
      return b.select(isFirst, first as Register, second);
    },
  }));
}
