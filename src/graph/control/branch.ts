import { elementCount } from "../../../operators/index.js";
import type { Slot } from "../scope.js";
import { type ControlFlow, type InlineCall, invalidAt } from "./inliner.js";
import { inlined, subgraphIn } from "./subgraph.js";

/**
 * If: the nodes of the branch that the condition chooses. The outputs are that branch's, with its dtypes
 * and dims; nothing of the other one is looked at.
 *
 * The condition is one bool.
 * Errors: `graph/data-dependent` where it is only known at run time; `operator/invalid` where a branch
 * has inputs, or fewer outputs than the node.
 * Source: ONNX If, versions 1, 11, 13, 16, 19, 21, 23, 24, 25.
 */
export const branch: ControlFlow = {
  name: "If",
  versions: [1, 11, 13, 16, 19, 21, 23, 24, 25],
  inline(call) {
    const { node, inputs, at } = call;
    const [condition] = inputs;
    if (!condition) throw invalidAt(at, "has no condition");
    const taken = isTrue(call, condition, "which branch is taken") ? "then" : "else";
    const attribute = `${taken}_branch`;
    const outputs = inlined(call, subgraphIn(call, attribute), `/${taken}`, attribute, []);
    if (outputs.length < node.outputs.length) {
      throw invalidAt(at, `${attribute} has ${outputs.length} outputs, not ${node.outputs.length}`);
    }
    return outputs;
  },
};

/** A bool that decides `what`. */
export function isTrue({ at, inliner }: InlineCall, slot: Slot, what: string): boolean {
  const { dtype, dims } = slot.type;
  if (dtype !== "bool" || elementCount(dims) !== 1) {
    throw invalidAt(at, `a condition is one bool, not ${dtype}[${dims}]`);
  }
  return inliner.decisive(slot, `${at.path}: ${what}`).bytes[0] !== 0;
}
