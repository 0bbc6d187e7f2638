import type { Segment } from "../../graph/plan.js";
import { readDigests, readIndex } from "../reading.js";
import type { Rules } from "../rules.js";
import type { OpenedSegment, Phase } from "../state.js";
import { innerValues } from "../values.js";
import { afterOperator } from "./inside.js";
import type { Step } from "./step.js";

/**
 * The asserter commits to what the segment's operators gave beside its boundary. Results that live
 * on stand in the boundary and are not said twice, so the two can never contradict each other.
 */
export const openSegment: Step<"openSegment", "openSegment"> = ({ rules }, phase, move) => {
  const segment = rules.plan.segments[phase.segment] as Segment;
  readDigests(move.inner, innerValues(rules.plan, segment).length, "inner results");
  return { phase: afterSegment(rules, { ...phase, inner: [...move.inner] }) };
};

/** The challenger names an operator of the segment. */
export const nameOperator: Step<"nameOperator", "nameOperator"> = ({ rules }, phase, move) => {
  const { first, end } = rules.plan.segments[phase.segment] as Segment;
  const node = readIndex(move.node, first, end, "operator");
  return { phase: afterOperator(rules, phase, node) };
};

export function afterSegment(rules: Pick<Rules, "plan" | "budget">, opened: OpenedSegment): Phase {
  const { segment, before, after, inner } = opened;
  const { first, end } = rules.plan.segments[segment] as Segment;
  const known = { segment, before, after, inner };
  if (end - first > 1) return { name: "nameOperator", ...known };
  if (end - first === 1) return afterOperator(rules, known, first);
  return {
    name: "ended",
    outcome: { kind: "not-refuted", checked: { what: "segment", segment } },
  };
}
