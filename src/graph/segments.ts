import { byteLength } from "../../operators/index.js";
import { requireWithin } from "./limits.js";
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
  const lifetimes = lifetimesOf(nodes, outputs);
  requireFewLive(lifetimes);
  if (nodes.length === 0) return [{ first: 0, end: 0, live: [] }];
  const cuts =
    granularity === "operator"
      ? nodes.map((_, i) => i + 1)
      : cheapestCuts(liveBytes(nodes.length, lifetimes, values));
  const live = liveAt(cuts, lifetimes);
  return cuts.map((end, i) => ({
    first: i === 0 ? 0 : (cuts[i - 1] as number),
    end,
    live: live[i] as number[],
  }));
}

/** A node's output that is read later or is a graph output: it lives after nodes `first` … `last − 1`. */
interface Lifetime {
  readonly value: number;
  readonly first: number;
  readonly last: number;
}

/** By ascending value id, which is also by ascending `first`. */
function lifetimesOf(nodes: readonly PlanNode[], outputs: readonly number[]): Lifetime[] {
  const lastUse = new Map<number, number>();
  nodes.forEach((node, i) => {
    for (const v of node.inputs) if (v !== undefined) lastUse.set(v, i);
  });
  for (const v of outputs) lastUse.set(v, nodes.length);
  return nodes.flatMap((node, first) =>
    node.outputs.flatMap((value) => {
      const last = lastUse.get(value) ?? first;
      return last > first ? [{ value, first, last }] : [];
    }),
  );
}

/**
 * Bounds the size of a plan and of the trace, and the work of laying it out: all of them grow with
 * the live values summed over the nodes, which is the square of the nodes in the worst graph.
 */
function requireFewLive(lifetimes: readonly Lifetime[]): void {
  const live = lifetimes.reduce((sum, { first, last }) => sum + (last - first), 0);
  requireWithin("live", live);
}

/** Bytes of what lives after each node. */
function liveBytes(
  nodes: number,
  lifetimes: readonly Lifetime[],
  values: readonly PlanValue[],
): number[] {
  const bytes = new Array<number>(nodes).fill(0);
  for (const { value, first, last } of lifetimes) {
    const size = byteLength(values[value] as PlanValue);
    for (let i = first; i < last; i++) bytes[i] = (bytes[i] as number) + size;
  }
  return bytes;
}

/** The values that live after each cut, by ascending id. */
function liveAt(cuts: readonly number[], lifetimes: readonly Lifetime[]): number[][] {
  const live: number[][] = cuts.map(() => []);
  let cut = 0;
  for (const { value, first, last } of lifetimes) {
    while ((cuts[cut] as number) <= first) cut++;
    for (let i = cut; i < cuts.length && (cuts[i] as number) <= last; i++) live[i]?.push(value);
  }
  return live;
}

function cheapestCuts(bytes: readonly number[]): number[] {
  const cost = [0];
  const previous = [0];
  for (let end = 1; end <= bytes.length; end++) {
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
  for (let end = bytes.length; end > 0; end = previous[end] as number) cuts.push(end);
  return cuts.reverse();
}
