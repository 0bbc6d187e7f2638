import { bytesEqual, DTYPES, firstNonCanonical, type Tensor } from "../../operators/index.js";
import { planCost } from "../graph/cost.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { toHex } from "../receipt/hex.js";
import type { DisputeCost, Evidence, Outcome } from "./evidence.js";
import { elementAt, elementBits } from "./name.js";
import type { OpenedTensors } from "./opened.js";
import type { PhaseOf } from "./state.js";
import type { StepContext } from "./steps/step.js";
import { nameOperator, nameTensor, originOf } from "./values.js";

/** Recomputes one opened operator and says whether its committed outputs follow from its inputs. */
export function judgeOperator(
  context: StepContext,
  phase: PhaseOf<"openOperator">,
  opened: OpenedTensors,
): Outcome {
  const { plan, recompute } = context.rules;
  const node = plan.nodes[phase.node] as PlanNode;
  const improper = nonCanonicalInput(plan, phase, opened);
  if (improper) return { kind: "refuted", evidence: improper };
  const correct = recompute(
    node,
    node.inputs.map((value) => (value === undefined ? undefined : opened.read(value))),
  );
  const cost = costOf(context, phase.node);
  for (const [output, value] of node.outputs.entries()) {
    const claimed = opened.read(value);
    const right = correct[output] as Tensor;
    if (!bytesEqual(claimed.bytes, right.bytes)) {
      return {
        kind: "refuted",
        evidence: operatorFault(context, phase, output, claimed, right, cost),
      };
    }
  }
  const operator = nameOperator(plan, phase.node);
  return { kind: "not-refuted", checked: { what: "operator", operator, cost } };
}

function operatorFault(
  { rules }: StepContext,
  { segment, node }: PhaseOf<"openOperator">,
  output: number,
  claimed: Tensor,
  correct: Tensor,
  cost: DisputeCost,
): Evidence {
  const { plan, hasher } = rules;
  const size = DTYPES[claimed.dtype].size;
  const index = Math.floor(claimed.bytes.findIndex((b, i) => b !== correct.bytes[i]) / size);
  return {
    fault: "wrong-operator",
    segment,
    operator: nameOperator(plan, node),
    output,
    tensor: nameTensor(plan, (plan.nodes[node] as PlanNode).outputs[output] as number),
    element: elementAt(index, claimed.dims),
    claimed: elementBits(claimed.dtype, claimed.bytes, index),
    correct: elementBits(correct.dtype, correct.bytes, index),
    claimedCommitment: toHex(commitTensor(hasher, claimed)),
    correctCommitment: toHex(commitTensor(hasher, correct)),
    cost,
  };
}

/**
 * The first input with bits that no tensor may hold. Weights are the model's, not the asserter's:
 * whoever registers a model checks them.
 */
function nonCanonicalInput(
  plan: Plan,
  { segment, node }: PhaseOf<"openOperator">,
  opened: OpenedTensors,
): Evidence | undefined {
  for (const value of (plan.nodes[node] as PlanNode).inputs) {
    if (value === undefined) continue;
    const { kind } = originOf(plan, value);
    if (kind !== "node" && kind !== "input") continue;
    const tensor = opened.read(value);
    const index = firstNonCanonical(tensor.dtype, tensor.bytes);
    if (index < 0) continue;
    return {
      fault: "non-canonical",
      segment,
      operator: nameOperator(plan, node),
      tensor: nameTensor(plan, value),
      element: elementAt(index, tensor.dims),
      claimed: elementBits(tensor.dtype, tensor.bytes, index),
    };
  }
  return undefined;
}

function costOf({ rules, moveBytes }: StepContext, node: number): DisputeCost {
  const { nodes, total } = planCost(rules.plan);
  const operator = nodes[node] as (typeof nodes)[number];
  return { referee: operator, operator, run: total, moveBytes };
}
