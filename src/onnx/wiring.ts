import { capturesOf, subgraphsOf } from "../graph/subgraphs.js";
import type { GraphNode } from "../graph/types.js";
import { malformed } from "./problems.js";
import type { GraphProto } from "./proto/onnx_pb.js";

/**
 * Checks that every value is defined once (by an input, an initializer or a node) and that nothing
 * is missing, and yields the positions of the nodes in the order in which they can run. That is
 * the file's own order, which the format asks to be sorted; where a file is not, a node is
 * preceded by what it needs, also for its subgraphs. An inner graph may take what it misses from those
 * around it. `nodes` are those of `graph` in file order. Throws `onnx/malformed`, also for a cycle.
 */
export function runOrder(
  graph: GraphProto,
  nodes: readonly GraphNode[],
  where: string,
  position: "outermost" | "inner",
): number[] {
  const pathOf = (i: number): string => `${where}.node[${i}] "${nodes[i]?.name}"`;
  const defined = sources(graph, where);
  const producers = producersOf(graph, pathOf, defined);
  checkOutputs(graph, where, position, (name) => defined.has(name) || producers.has(name));
  const needs = nodes.map((node, i) =>
    readsOf(node).flatMap((value) => {
      if (value === "" || defined.has(value)) return [];
      const producer = producers.get(value);
      if (producer !== undefined) return [producer];
      if (position === "inner") return [];
      throw malformed(pathOf(i), `nothing produces its input "${value}"`);
    }),
  );
  return sorted(needs, (i) => malformed(pathOf(i), "depends on its own output"));
}

/** What has to be there before a node runs. */
function readsOf(node: GraphNode): readonly string[] {
  const inner = subgraphsOf(node);
  if (inner.length === 0) return node.inputs;
  return [...node.inputs, ...inner.flatMap(({ graph }) => [...capturesOf(graph)])];
}

/** Depth first in file order, with a stack of its own: a file may chain any number of nodes. */
function sorted(needs: readonly (readonly number[])[], cycle: (node: number) => Error): number[] {
  const order: number[] = [];
  const state = new Uint8Array(needs.length);
  for (let root = 0; root < needs.length; root++) {
    const stack: { node: number; next: number }[] = [];
    const enter = (node: number): void => {
      if (state[node] === ACTIVE) throw cycle(node);
      if (state[node] === DONE) return;
      state[node] = ACTIVE;
      stack.push({ node, next: 0 });
    };
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const need = needs[top.node]?.[top.next++];
      if (need !== undefined) {
        enter(need);
        continue;
      }
      state[top.node] = DONE;
      order.push(top.node);
      stack.pop();
    }
  }
  return order;
}

const ACTIVE = 1;
const DONE = 2;

/** Names that exist before the first node. */
function sources(graph: GraphProto, path: string): Set<string> {
  const weights = new Set<string>();
  const weight = (name: string, where: string): void => {
    if (name === "") throw malformed(where, "has no name");
    if (weights.has(name)) throw malformed(where, `"${name}" is defined twice`);
    weights.add(name);
  };
  graph.initializer.forEach((t, i) => {
    weight(t.name, `${path}.initializer[${i}]`);
  });
  graph.sparseInitializer.forEach((t, i) => {
    weight(t.values?.name ?? "", `${path}.sparse_initializer[${i}]`);
  });
  const inputs = new Set<string>();
  graph.input.forEach(({ name }, i) => {
    const where = `${path}.input[${i}]`;
    if (name === "") throw malformed(where, "has no name");
    if (inputs.has(name)) throw malformed(where, `"${name}" is defined twice`);
    inputs.add(name);
  });
  return new Set([...weights, ...inputs]);
}

/** Which node, by position, makes a value. */
function producersOf(
  graph: GraphProto,
  pathOf: (node: number) => string,
  defined: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const producers = new Map<string, number>();
  graph.node.forEach((node, i) => {
    for (const value of node.output) {
      if (value === "") continue;
      if (defined.has(value) || producers.has(value)) {
        throw malformed(pathOf(i), `"${value}" is defined twice`);
      }
      producers.set(value, i);
    }
  });
  return producers;
}

/** Outputs of an inner graph go by position: it may name one twice, or one of a graph around it. */
function checkOutputs(
  graph: GraphProto,
  path: string,
  position: "outermost" | "inner",
  exists: (name: string) => boolean,
): void {
  if (position === "outermost" && graph.output.length === 0)
    throw malformed(path, "has no outputs");
  const outputs = new Set<string>();
  graph.output.forEach(({ name }, i) => {
    const where = `${path}.output[${i}]`;
    if (name === "") throw malformed(where, "has no name");
    if (position === "inner") return;
    if (outputs.has(name)) throw malformed(where, `"${name}" is listed twice`);
    if (!exists(name)) throw malformed(where, `nothing produces "${name}"`);
    outputs.add(name);
  });
}
