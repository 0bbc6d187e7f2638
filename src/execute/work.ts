import {
  fuseWork,
  type PlacedWork,
  placedWork,
  type Work,
  type WorkCall,
} from "../../operators/index.js";
import type { Plan, PlanNode } from "../graph/plan.js";

/**
 * What a plan computes, stage by stage, over numbered tensors: a value has its id; an intermediate
 * of an operator of several stages has a number behind all values.
 */
export function planWork(plan: Plan): Work[] {
  const tensors = tensorsOf(plan);
  let next = plan.values.length;
  return plan.nodes.flatMap((node, n) => {
    const results: (number | undefined)[] = node.lowering.stages.map(() => undefined);
    node.lowering.outputs.forEach(({ stage }, i) => {
      results[stage] = tensors[node.outputs[i] as number];
    });
    const calls = stageCalls(
      node,
      results.map((tensor) => tensor ?? next++),
      tensors,
    );
    return turnsOf(node, n, calls);
  });
}

/** The same where only what leaves its segment, or the run, must exist, and without idle copies. */
export function fusedWork(plan: Plan, bySegments: boolean): PlacedWork {
  const tensors = tensorsOf(plan);
  const needed = new Set(plan.outputs.map((v) => tensors[v.value]));
  const segmentOf = plan.nodes.map(() => 0);
  plan.segments.forEach(({ first, end, live }, s) => {
    if (!bySegments) return;
    for (const value of live) needed.add(tensors[value]);
    for (let n = first; n < end; n++) segmentOf[n] = s;
  });
  const work = fuseWork(planWork(plan), {
    needed: (tensor) => needed.has(tensor),
    constant: (tensor) => {
      const kind = plan.values[tensor]?.origin.kind;
      return kind === "weight" || kind === "constant";
    },
    segmentOf: (node) => segmentOf[node] as number,
  });
  return placedWork(work);
}

/** The tensor of every value: itself, or another output of its operator that is the same stage. */
export function tensorsOf(plan: Plan): number[] {
  const tensors = plan.values.map((_, id) => id);
  for (const { lowering, outputs } of plan.nodes) {
    const first = new Map<number, number>();
    lowering.outputs.forEach(({ stage }, i) => {
      const value = outputs[i] as number;
      const known = first.get(stage);
      if (known === undefined) first.set(stage, value);
      else tensors[value] = known;
    });
  }
  return tensors;
}

function stageCalls(
  node: PlanNode,
  results: readonly number[],
  tensors: readonly number[],
): WorkCall[] {
  return node.lowering.stages.map(
    ({ program, sources }, s): WorkCall => ({
      program,
      result: results[s] as number,
      sources: sources.map(({ kind, index }) =>
        kind === "stage"
          ? (results[index] as number)
          : (tensors[node.inputs[index] as number] as number),
      ),
    }),
  );
}

/** The calls of a recurrence are one piece of work, all others are pieces of their own. */
function turnsOf({ lowering: { scan } }: PlanNode, n: number, calls: readonly WorkCall[]): Work[] {
  const apart = (some: readonly WorkCall[]): Work[] =>
    some.map((call) => ({ calls: [call], nodes: [n] }));
  if (!scan) return apart(calls);
  const { first, end, steps } = scan;
  return [
    ...apart(calls.slice(0, first)),
    { calls: calls.slice(first, end), scan: steps, nodes: [n] },
    ...apart(calls.slice(end)),
  ];
}
