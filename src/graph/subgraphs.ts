import { AssayError, type Attributes } from "../../operators/basis.js";
import { requireWithin } from "./limits.js";
import type { GraphNode, Subgraph } from "./types.js";

/** A node's subgraphs with the names of their attributes, in file order. */
export function subgraphsOf(
  node: GraphNode,
): { readonly label: string; readonly graph: Subgraph }[] {
  return [...node.attributes].flatMap(([label, a]) =>
    a.kind === "graph" ? [{ label, graph: a.value }] : [],
  );
}

/** What a definition may read. Throws `operator/unsupported` for a subgraph, which none can. */
export function plainAttributes(node: GraphNode, path: string): Attributes {
  const [inner] = subgraphsOf(node);
  if (!inner) return node.attributes as Attributes;
  throw new AssayError(
    "operator/unsupported",
    `${path}: attribute ${inner.label}: a subgraph is not supported`,
  );
}

/** Names of outer tensors that a subgraph reads, or yields as they are. */
export function capturesOf(graph: Subgraph): Set<string> {
  const own = new Set(graph.inputs.map((v) => v.name));
  for (const { name } of graph.initializers) own.add(name);
  for (const node of graph.nodes) for (const name of node.outputs) own.add(name);
  const captures = new Set<string>();
  const capture = (name: string): void => {
    if (name !== "" && !own.has(name)) captures.add(name);
  };
  for (const node of graph.nodes) {
    node.inputs.forEach(capture);
    for (const inner of subgraphsOf(node)) capturesOf(inner.graph).forEach(capture);
  }
  for (const { name } of graph.outputs) capture(name);
  return captures;
}

/**
 * Weights that a subgraph of `nodes` sees and the graph itself does not. Throws `model/too-large` for
 * subgraphs too deep inside each other.
 */
export function innerWeights(nodes: readonly GraphNode[], depth = 0): Set<string> {
  const inner = new Set<string>();
  for (const node of nodes) {
    for (const { graph } of subgraphsOf(node)) {
      requireWithin("subgraphDepth", depth + 1);
      for (const { weight } of graph.initializers) inner.add(weight);
      for (const name of innerWeights(graph.nodes, depth + 1)) inner.add(name);
    }
  }
  return inner;
}
