import type { Checked, DisputeCost, Evidence, Outcome } from "../dispute/evidence.js";
import type { DisputeRecord } from "../dispute/play.js";
import type { Plan } from "../graph/plan.js";

/** A verdict in words. The same words for the command line and for services. */
export function describeOutcome(plan: Plan, outcome: Outcome): string {
  switch (outcome.kind) {
    case "refuted":
      return describeEvidence(plan, outcome.evidence);
    case "defaulted":
      return `the ${outcome.side} fell silent when ${outcome.expected.join(" or ")} was due`;
    case "not-refuted":
      return describeChecked(outcome.checked);
  }
}

function describeChecked(checked: Checked): string {
  switch (checked.what) {
    case "operator":
      return `operator ${checked.operator.index} (${checked.operator.name}) was recomputed and is right`;
    case "stretch":
      return `an element of operator ${checked.operator.index} (${checked.operator.name}) was recomputed and is right`;
    case "segment":
      return `segment ${checked.segment} is consistent`;
    case "inputs":
      return "the inputs that steer the plan are those it was bound with";
  }
}

export function describeEvidence(plan: Plan, e: Evidence): string {
  switch (e.fault) {
    case "wrong-operator": {
      const { index, name, operator } = e.operator;
      const where = `[${e.element.coordinates.join(",")}]`;
      return (
        `operator ${index} "${name}" (${operator}), segment ${e.segment} of ${plan.segments.length}: ` +
        `${e.tensor.name}${where} is claimed as ${e.claimed}, correct is ${e.correct}`
      );
    }
    case "wrong-stretch": {
      const { index, name, operator } = e.operator;
      const where = `${e.tensor.name}[${e.element.coordinates.join(",")}]`;
      const { from, to, of } = e.steps;
      const steps = of === 0 ? "" : `, k ${from}..${to - 1} of ${of}`;
      const what = e.what === "state" ? "the sum so far" : "it";
      return (
        `operator ${index} "${name}" (${operator}), segment ${e.segment} of ${plan.segments.length}: ` +
        `${where}${steps}: ${what} is claimed as ${e.claimed}, correct is ${e.correct}`
      );
    }
    case "carried-tensor-changed":
      return `"${e.tensor.name}" only passes through segment ${e.segment}, but is another tensor after it`;
    case "output-differs":
      return `output ${e.output} "${e.tensor.name}" is not the tensor that the run ended with`;
    case "steering-input-differs":
      return `input ${e.input} "${e.tensor.name}" is committed with another value than the plan was made from`;
    case "non-canonical":
      return `"${e.tensor.name}"[${e.element.coordinates.join(",")}] holds bits that no tensor may hold: ${e.claimed}`;
    case "malformed-boundary":
      return `the committed boundary after segment ${e.segment} is malformed: ${e.problem}`;
    case "segment-count":
      return `the receipt counts ${e.claimed} segments, the plan has ${e.correct}`;
  }
}

/** What the referee had to do, if it came to recomputing. */
export function costOf({ outcome }: DisputeRecord): DisputeCost | undefined {
  if (outcome.kind === "refuted" && "cost" in outcome.evidence) return outcome.evidence.cost;
  if (outcome.kind === "not-refuted" && "cost" in outcome.checked) return outcome.checked.cost;
  return undefined;
}
