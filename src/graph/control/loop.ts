import { elementCount, i64Tensor, type Tensor, viewOf } from "../../../operators/index.js";
import { NOWHERE } from "../provenance.js";
import type { Slot } from "../scope.js";
import type { Subgraph, SubgraphValue } from "../types.js";
import { isTrue } from "./branch.js";
import { type ControlFlow, type InlineCall, invalidAt, unsupportedAt } from "./inliner.js";
import { stacked, stackedNothing } from "./stack.js";
import { inlined, subgraphIn } from "./subgraph.js";

/**
 * Loop: the body's nodes once per iteration. `i = 0; while (i < M and condition) i = i + 1`, where the
 * condition is the node's, later the one that the body yielded. Where the node gives no M there is no
 * bound but the condition; where it gives no condition, what the body yields is ignored.
 *
 * The body takes i, the condition and the carried tensors, and yields the condition, the carried
 * tensors and any number of tensors that are stacked over the iterations, on a new first axis. M and
 * i are i64 scalars; the first condition is passed on as it is. A body that declares i, or a
 * condition that the node does not give, with one axis gets it with one, as older exporters meant it.
 * Errors: `graph/data-dependent` where M, or a condition that is needed, is only known at run time;
 * `operator/unsupported` without M and condition, and where nothing says the type of a stack of no
 * iterations; `operator/invalid` where numbers of inputs and outputs do not fit.
 * Source: ONNX Loop, versions 1, 11, 13, 16, 19, 21, 23, 24, 25.
 */
export const loop: ControlFlow = {
  name: "Loop",
  versions: [1, 11, 13, 16, 19, 21, 23, 24, 25],
  inline(call) {
    const body = subgraphIn(call, "body");
    const carried = call.inputs.slice(2).map((slot, i) => {
      if (!slot) throw invalidAt(call.at, `input ${i + 2} is missing`);
      return slot;
    });
    checkCounts(call, body, carried.length);
    const { state, rows } = iterate(call, body, carried);
    const kept = body.outputs.slice(1 + carried.length);
    const stacks = kept.slice(0, call.node.outputs.length - carried.length).map((value, k) => {
      const slots = rows.map((row) => row[k] as Slot);
      return slots.length > 0
        ? stacked(call, carried.length + k, slots, 0)
        : stackedNothing(call, value, 0);
    });
    return [...state, ...stacks];
  },
};

function checkCounts({ node, at }: InlineCall, body: Subgraph, carried: number): void {
  if (body.outputs.length < 1 + carried || body.outputs.length - 1 < node.outputs.length) {
    const needed = Math.max(carried, node.outputs.length);
    throw invalidAt(at, `the body has ${body.outputs.length} outputs, not 1 + ${needed}`);
  }
}

interface Iterated {
  readonly state: readonly Slot[];
  /** What each iteration adds to the stacks. */
  readonly rows: readonly (readonly Slot[])[];
}

function iterate(call: InlineCall, body: Subgraph, initial: readonly Slot[]): Iterated {
  const { at, inliner } = call;
  const given = call.inputs[1];
  const trips = tripCount(call);
  let condition = given ?? alwaysTrue(call, body.inputs[1]);
  let state = initial;
  const rows: (readonly Slot[])[] = [];
  for (let i = 0; i < trips; i++) {
    if (given && !isTrue(call, condition, `whether iteration ${i} runs`)) break;
    inliner.count("iterations", 1);
    const number = inliner.known(`${at.path}[${i}]`, numberFor(body.inputs[0], i), NOWHERE);
    const results = inlined(call, body, `[${i}]`, "body", [number, condition, ...state]);
    condition = results[0] as Slot;
    state = results.slice(1, 1 + initial.length);
    rows.push(results.slice(1 + initial.length));
  }
  return { state, rows };
}

function tripCount(call: InlineCall): number {
  const { at, inliner } = call;
  const [trips, condition] = call.inputs;
  if (!trips) {
    if (condition) return Number.POSITIVE_INFINITY;
    throw unsupportedAt(at, "has neither a number of iterations nor a condition and never ends");
  }
  const { dtype, dims } = trips.type;
  if (dtype !== "i64" || elementCount(dims) !== 1) {
    throw invalidAt(at, `the number of iterations is one i64, not ${dtype}[${dims}]`);
  }
  const what = `${at.path}: the number of iterations`;
  return Number(viewOf(inliner.decisive(trips, what).bytes).getBigInt64(0, true));
}

function alwaysTrue({ at, inliner }: InlineCall, declared: SubgraphValue | undefined): Slot {
  const value: Tensor = { dtype: "bool", dims: scalarDims(declared), bytes: Uint8Array.of(1) };
  return inliner.known(`${at.path}: condition`, value, NOWHERE);
}

function numberFor(declared: SubgraphValue | undefined, i: number): Tensor {
  return i64Tensor(scalarDims(declared), [i]);
}

function scalarDims(declared: SubgraphValue | undefined): number[] {
  return declared?.type?.dims?.length === 1 ? [1] : [];
}
