import { DependentNode } from "../problems.js";
import { MISSING, type Scope, type Slot } from "../scope.js";
import type { Subgraph } from "../types.js";
import { type InlineCall, invalidAt } from "./inliner.js";

/** The subgraph in a required attribute. */
export function subgraphIn({ node, at }: InlineCall, name: string): Subgraph {
  const attribute = node.attributes.get(name);
  if (attribute?.kind === "graph") return attribute.value;
  throw invalidAt(at, `attribute ${name} is not a graph`);
}

/**
 * Runs a subgraph on `inputs` and yields its outputs. `label` follows the node's path: "/then",
 * "[5]". Where it has a problem, the outputs of the node are missing too.
 */
export function inlined(
  { at, inliner }: InlineCall,
  graph: Subgraph,
  label: string,
  attribute: string,
  inputs: readonly Slot[],
): Slot[] {
  const scope = inliner.open(graph, `${at.path}${label}/`, `${at.place}.${attribute}.`, at.scope);
  if (graph.inputs.length !== inputs.length) {
    throw invalidAt(at, `${attribute} has ${graph.inputs.length} inputs, not ${inputs.length}`);
  }
  graph.inputs.forEach(({ name }, i) => {
    scope.define(name, inputs[i] as Slot);
  });
  if (!inliner.bindNodes(graph.nodes, scope)) throw new DependentNode();
  return graph.outputs.map(({ name }) => output(scope, name));
}

function output(scope: Scope, name: string): Slot {
  const slot = scope.get(name, `${scope.path}'s outputs`);
  if (slot === MISSING) throw new DependentNode();
  return slot;
}
