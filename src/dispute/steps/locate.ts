import type { PlanNode, Segment } from "../../graph/plan.js";
import { readIndex } from "../reading.js";
import { demand } from "../refusals.js";
import type { Phase } from "../state.js";
import { isRecomputedWhole, requireElement } from "./inside.js";
import type { Step } from "./step.js";

/** The challenger says where to look: by descending the trace, or at once where it has the trace. */

export const descend: Step<"locate", "descend"> = ({ rules }) => {
  const single: Phase = { name: "openBoundaries", segment: 0 };
  const root: Phase = { name: "openNode", place: { tree: "trace" }, at: null };
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

/** Names everything down to an element at once; the answers come in one move too. */
export const accuse: Step<"locate", "accuse"> = ({ rules }, _phase, move) => {
  const { plan } = rules;
  const segment = readIndex(move.segment, 0, plan.segments.length, "segment");
  const { first, end } = plan.segments[segment] as Segment;
  const index = readIndex(move.node, first, end, "operator");
  const node = plan.nodes[index] as PlanNode;
  const whole = isRecomputedWhole(rules, index);
  const named = move.target !== null && move.element !== null;
  const unnamed = move.target === null && move.element === null;
  demand(whole ? unnamed : named, "malformed", "an element exactly where the operator is opened");
  const path = { segment, node: index, target: move.target, element: move.element };
  if (move.target !== null) requireElement(node, move.target, move.element);
  return { phase: { name: "openPath", path } };
};
