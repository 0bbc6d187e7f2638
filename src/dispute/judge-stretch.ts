import { bytesEqual, type Literal } from "../../operators/index.js";
import { type Cost, planCost } from "../graph/cost.js";
import type { PlanNode } from "../graph/plan.js";
import { fromHex, toHex } from "../receipt/hex.js";
import type { DisputeCost, Outcome } from "./evidence.js";
import type { Hex } from "./moves.js";
import { axesAt, elementAt, nameTarget } from "./name.js";
import { foldSteps, stretchWeight } from "./spans.js";
import type { Stretch } from "./state.js";
import type { StepContext } from "./steps/step.js";
import type { Computed } from "./stretch.js";
import { type Target, targetOf } from "./targets.js";
import { nameOperator } from "./values.js";
import { wordBytes } from "./words.js";

/** Compares what a stretch gives with what the asserter committed to or posted as its end. */
export function judgeStretch(context: StepContext, stretch: Stretch, computed: Computed): Outcome {
  const { plan } = context.rules;
  const { operator, target, element, from, to } = stretch;
  const node = plan.nodes[operator.node] as PlanNode;
  const { stage, type, slice, offset } = targetOf(node, target) as Target;
  const { program } = stage;
  // A slice's element is named by its place in the whole stage.
  const dims = slice === undefined ? type.dims : program.out;
  const claimed = (computed.kind === "words" ? stretch.after : stretch.claimed) as Hex;
  const about = {
    operator: nameOperator(plan, operator.node),
    tensor: nameTarget(plan, operator.node, target),
    element: elementAt(offset + element, dims),
    cost: costOf(context, stretch, stretchWeight(program, to - from)),
  };
  if (bytesEqual(fromHex(claimed), computed.bytes)) {
    return { kind: "not-refuted", checked: { what: "stretch", ...about } };
  }
  const bits = (bytes: Uint8Array): string =>
    computed.kind === "words" ? wordBits(program.init, bytes) : toHex(bytes.slice().reverse());
  return {
    kind: "refuted",
    evidence: {
      fault: "wrong-stretch",
      segment: operator.segment,
      ...about,
      axes: axesAt(stage, offset + element),
      steps: { from, to, of: foldSteps(program) },
      what: computed.kind === "words" ? "state" : "element",
      claimed: bits(fromHex(claimed)),
      correct: bits(computed.bytes),
    },
  };
}

/** Each word with its most significant digit first. */
function wordBits(init: readonly Literal[], bytes: Uint8Array): string {
  let at = 0;
  const words = init.map((literal) => {
    const width = wordBytes([literal]);
    at += width;
    return toHex(bytes.slice(at - width, at).reverse()).slice(2);
  });
  return `0x${words.join("")}`;
}

function costOf(
  { rules, moveBytes }: StepContext,
  { operator }: Stretch,
  steps: number,
): DisputeCost {
  const { nodes, total } = planCost(rules.plan);
  const referee: Cost = { steps, bytes: moveBytes };
  return { referee, operator: nodes[operator.node] as Cost, run: total, moveBytes };
}
