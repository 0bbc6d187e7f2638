import type { Checked, DisputeCost, Evidence, Outcome, StretchFault } from "../dispute/evidence.js";
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
    case "empty":
      return `${checked.tensor.name} of operator ${checked.operator.index} (${checked.operator.name}) is empty, and committed so`;
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
      const element = e.steps.of === 0 ? "" : ": the element";
      const what = e.what === "state" ? ": the state after it" : element;
      return (
        `operator ${index} "${name}" (${operator}), segment ${e.segment} of ${plan.segments.length}: ` +
        `${placeOf(e)}${what} is claimed as ${e.claimed}, correct is ${e.correct}`
      );
    }
    case "wrong-commitment":
      return `${e.tensor.name} of operator ${e.operator.index} "${e.operator.name}" has no elements, but another commitment than such a tensor`;
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

/** Where a stretch lies: "layer 7, attention head 3, scores[5,11], k 32..47". */
export function placeOf({ operator, tensor, element, axes, steps }: StretchFault): string {
  const layer = LAYER.exec(operator.name)?.[1];
  const attends = /attention/i.test(operator.operator);
  // Axes of one entry say nothing; those that name a part of the operator are words.
  const said = axes.filter((a) => a.size > 1);
  const parts = said.filter((a) => PARTS.includes(a.name));
  const rest = axes.filter((a) => !PARTS.includes(a.name));
  const at = axes.length === 0 ? element.coordinates : rest.map((a) => a.at);
  const words = parts.map(({ name, at }) => {
    return name === "head" && attends ? `attention head ${at}` : `${name} ${at}`;
  });
  return [
    ...(layer === undefined ? [] : [`layer ${layer}`]),
    ...words,
    `${tensor.name}[${at.join(",")}]`,
    ...(steps.of === 0 ? [] : [`k ${steps.from}..${steps.to - 1}`]),
  ].join(", ");
}

/** How exporters number the layers of a stack: layers.7, h.7, blocks/7, layer_7. */
const LAYER = /(?:^|[^a-z0-9])(?:layers?|blocks?|h)[._/]?(\d+)(?:$|[^0-9])/i;
const PARTS: readonly string[] = ["batch", "head", "step"];

/** What the referee had to do, if it came to recomputing. */
export function costOf({ outcome }: DisputeRecord): DisputeCost | undefined {
  if (outcome.kind === "refuted" && "cost" in outcome.evidence) return outcome.evidence.cost;
  if (outcome.kind === "not-refuted" && "cost" in outcome.checked) return outcome.checked.cost;
  return undefined;
}
