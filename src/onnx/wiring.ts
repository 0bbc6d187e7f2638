import { malformed } from "./problems.js";
import type { GraphProto } from "./proto/onnx_pb.js";

/**
 * Checks that every value is defined once (by an input, an initializer or a node) and that nothing
 * is missing, and yields the positions of the nodes in the order in which they can run. That is
 * the file's own order, which the format asks to be sorted; where a file is not, a node is
 * preceded by what it needs. Throws `onnx/malformed`, also for a cycle.
 */
export function runOrder(graph: GraphProto, names: readonly string[]): number[] {
  const defined = sources(graph);
  const producers = producersOf(graph, names, defined);
  checkOutputs(graph, defined, producers);
  const needs = graph.node.map((node, i) =>
    node.input.flatMap((value) => {
      if (value === "" || defined.has(value)) return [];
      const producer = producers.get(value);
      if (producer !== undefined) return [producer];
      throw malformed(nodePath(names, i), `nothing produces its input "${value}"`);
    }),
  );
  return sorted(needs, (i) => malformed(nodePath(names, i), "depends on its own output"));
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
function sources(graph: GraphProto): Set<string> {
  const weights = new Set<string>();
  const weight = (name: string, where: string): void => {
    if (name === "") throw malformed(where, "has no name");
    if (weights.has(name)) throw malformed(where, `"${name}" is defined twice`);
    weights.add(name);
  };
  graph.initializer.forEach((t, i) => {
    weight(t.name, `graph.initializer[${i}]`);
  });
  graph.sparseInitializer.forEach((t, i) => {
    weight(t.values?.name ?? "", `graph.sparse_initializer[${i}]`);
  });
  const inputs = new Set<string>();
  graph.input.forEach(({ name }, i) => {
    const where = `graph.input[${i}]`;
    if (name === "") throw malformed(where, "has no name");
    if (inputs.has(name)) throw malformed(where, `"${name}" is defined twice`);
    inputs.add(name);
  });
  return new Set([...weights, ...inputs]);
}

/** Which node, by position, makes a value. */
function producersOf(
  graph: GraphProto,
  names: readonly string[],
  defined: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const producers = new Map<string, number>();
  graph.node.forEach((node, i) => {
    const where = nodePath(names, i);
    for (const value of node.output) {
      if (value === "") continue;
      if (defined.has(value) || producers.has(value)) {
        throw malformed(where, `"${value}" is defined twice`);
      }
      producers.set(value, i);
    }
  });
  return producers;
}

function checkOutputs(
  graph: GraphProto,
  defined: ReadonlySet<string>,
  producers: ReadonlyMap<string, number>,
): void {
  if (graph.output.length === 0) throw malformed("graph", "has no outputs");
  const outputs = new Set<string>();
  graph.output.forEach(({ name }, i) => {
    const where = `graph.output[${i}]`;
    if (name === "") throw malformed(where, "has no name");
    if (outputs.has(name)) throw malformed(where, `"${name}" is listed twice`);
    if (!defined.has(name) && !producers.has(name)) {
      throw malformed(where, `nothing produces "${name}"`);
    }
    outputs.add(name);
  });
}

function nodePath(names: readonly string[], i: number): string {
  return `graph.node[${i}] "${names[i]}"`;
}
