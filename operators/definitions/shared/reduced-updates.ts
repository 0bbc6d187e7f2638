import type { DType } from "../../dtype.js";
import type { BodyBuilder, ProgramSpec, Register } from "../../program/builder.js";
import { zero } from "../../program/literal.js";
import type { LoweringContext } from "../definition.js";
import { registerOf, requireDType, stringAttribute, unsupported } from "./context.js";
import { NUMBERS } from "./elementwise.js";
import { larger, smaller } from "./extremes.js";

/** How scattered updates of one element are combined. */
export type Reduction = "none" | "add" | "mul" | "min" | "max";

/** Since which version of the scatter operators a reduction exists. */
const SINCE: Readonly<Record<Reduction, number>> = { none: 11, add: 16, mul: 16, min: 18, max: 18 };

export function reductionOf(context: LoweringContext): Reduction {
  const name = stringAttribute(context, "reduction", "none");
  if (!(name in SINCE) || SINCE[name as Reduction] > context.version) {
    throw unsupported(context, `reduction "${name}" in version ${context.version}`);
  }
  return name as Reduction;
}

/** What is read at the output and fold coordinate. */
export interface Updates {
  /** The element before any update. */
  start(b: BodyBuilder): Register;
  update(b: BodyBuilder): Register;
  /** Whether the update is one of this element's, 0 or 1. */
  hits(b: BodyBuilder): Register;
}

/**
 * A fold over updates in order: start ∘ first hit ∘ second hit …, each step rounded, or the last hit
 * without a reduction. The state is the value so far and whether there was a hit; without any the
 * element keeps its bits.
 */
export function accumulate(
  context: LoweringContext,
  dtype: DType,
  reduction: Reduction,
  updates: Updates,
): Pick<ProgramSpec, "init" | "step" | "finish"> {
  if (reduction !== "none") requireDType(context, { dtype, dims: [] }, NUMBERS);
  return {
    init: [zero(registerOf(dtype)), zero("i32")],
    step: (s) => {
      const hits = updates.hits(s);
      const before = () => s.select(s.state(1), s.state(0), updates.start(s));
      const update = updates.update(s);
      const after = reduction === "none" ? update : combine(s, dtype, reduction, before(), update);
      return [s.select(hits, after, s.state(0)), s.or(hits, s.state(1))];
    },
    finish: (f) => f.select(f.state(1), f.state(0), updates.start(f)),
  };
}

function combine(
  b: BodyBuilder,
  dtype: DType,
  reduction: Exclude<Reduction, "none">,
  x: Register,
  y: Register,
): Register {
  switch (reduction) {
    case "add":
      return b.add(x, y);
    case "mul":
      return b.mul(x, y);
    case "min":
      return smaller(b, dtype, x, y);
    case "max":
      return larger(b, dtype, x, y);
  }
}
