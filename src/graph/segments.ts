import { byteLength } from "../../operators/index.js";
import type { Granularity, PlanNode, PlanValue, Segment } from "./plan.js";

/** A segment has at most this many operators. */
export const MAX_SEGMENT = 8;

/**
 * Cuts a run where few bytes are alive: among all cuttings into segments of at most `MAX_SEGMENT`
 * operators, the one that commits the fewest bytes; among equals the one whose last segments are
 * longest. `operator` granularity cuts after every operator.
 */
export function cutSegments(
  nodes: readonly PlanNode[],
  values: readonly PlanValue[],
  outputs: readonly number[],
  granularity: Granularity,
): Segment[] {
  const live = liveAfter(nodes, values, outputs);
  if (nodes.length === 0) return [{ first: 0, end: 0, live: [] }];
  const cuts = granularity === "operator" ? nodes.map((_, i) => i + 1) : cheapestCuts(live, values);
  return cuts.map((end, i) => ({
    first: i === 0 ? 0 : (cuts[i - 1] as number),
    end,
    live: live[end - 1] as number[],
  }));
}

/** For each node, the node outputs that are read later or are graph outputs, by ascending id. */
function liveAfter(
  nodes: readonly PlanNode[],
  values: readonly PlanValue[],
  outputs: readonly number[],
): number[][] {
  const lastUse = new Map<number, number>();
  nodes.forEach((node, i) => {
    for (const v of node.inputs) if (v !== undefined) lastUse.set(v, i);
  });
  for (const v of outputs) lastUse.set(v, nodes.length);
  let alive: number[] = [];
  return nodes.map((node, i) => {
    alive = [...alive, ...node.outputs].filter((v) => (lastUse.get(v) ?? -1) > i);
    return alive.filter((v) => values[v]?.origin.kind === "node");
  });
}

function cheapestCuts(
  live: readonly (readonly number[])[],
  values: readonly PlanValue[],
): number[] {
  const bytes = live.map((ids) =>
    ids.reduce((sum, v) => sum + byteLength(values[v] as PlanValue), 0),
  );
  const cost = [0];
  const previous = [0];
  for (let end = 1; end <= live.length; end++) {
    let best = Number.POSITIVE_INFINITY;
    for (let first = Math.max(0, end - MAX_SEGMENT); first < end; first++) {
      if ((cost[first] as number) < best) {
        best = cost[first] as number;
        previous[end] = first;
      }
    }
    cost[end] = best + (bytes[end - 1] as number);
  }
  const cuts: number[] = [];
  for (let end = live.length; end > 0; end = previous[end] as number) cuts.unshift(end);
  return cuts;
}
