import { readIndex } from "../reading.js";
import { demand } from "../refusals.js";
import type { Phase } from "../state.js";
import type { Step } from "./step.js";

/** The challenger says where to look: by descending the trace, or at once where it has the trace. */

export const descend: Step<"locate", "descend"> = ({ rules }) => {
  const single: Phase = { name: "openBoundaries", segment: 0 };
  const root: Phase = { name: "openNode", tree: "trace", at: null };
  return { phase: rules.plan.segments.length === 1 ? single : root };
};

export const nameSegment: Step<"locate", "nameSegment"> = ({ rules }, _phase, move) => {
  const segment = readIndex(move.segment, 0, rules.plan.segments.length, "segment");
  return { phase: { name: "openBoundaries", segment } };
};

/** Doubts the inputs that steer the plan; there must be one. */
export const challengeInputs: Step<"locate", "challengeInputs"> = ({ rules }) => {
  const steers = rules.plan.inputs.some((i) => i.steering !== undefined);
  demand(steers, "wrong-index", "no input steers anything");
  return { phase: { name: "openInputs" } };
};
