import type { Slot } from "../scope.js";
import type { Subgraph, SubgraphValue } from "../types.js";
import { type ControlFlow, type InlineCall, invalidAt, unsupportedAt } from "./inliner.js";
import { stacked, stackedNothing, taken } from "./stack.js";
import { inlined, subgraphIn } from "./subgraph.js";

/**
 * Scan: the body's nodes once per element of the scanned axes. The body takes the states and one slice of
 * each scanned input, and yields the states and what is stacked into the scanned outputs.
 *
 * `scan_input_axes` and `scan_output_axes` (0) say which axis is scanned, `…_directions` (0) whether
 * it is read, or filled, from its end. Version 8 has a batch as first axis of all inputs and outputs
 * and scans the second: the body runs over the whole of each batch entry after the other.
 * Errors: `operator/invalid` where numbers, axes or extents do not fit; `operator/unsupported` for the
 * lengths of version 8, and where nothing says the type of a stack of no steps.
 * Source: ONNX Scan, versions 8, 9, 11, 16, 19, 21, 23, 24, 25.
 */
export const scan: ControlFlow = {
  name: "Scan",
  versions: [8, 9, 11, 16, 19, 21, 23, 24, 25],
  inline(call) {
    return call.node.version < 9
      ? inlineBatched(call)
      : inlineScan(call, formOf(call, call.inputs));
  },
};

/** The parts of a Scan, however its version states them. */
interface Form {
  readonly body: Subgraph;
  readonly states: readonly Slot[];
  readonly scanned: readonly Slot[];
  /** Per scanned input, then per scanned output. */
  readonly from: readonly Walk[];
  readonly into: readonly Walk[];
}

interface Walk {
  readonly axis: number;
  readonly backward: boolean;
}

function formOf(call: InlineCall, given: InlineCall["inputs"]): Form {
  const { at, node } = call;
  const body = subgraphIn(call, "body");
  const inputs = given.map((slot, i) => {
    if (!slot) throw invalidAt(at, `input ${i} is missing`);
    return slot;
  });
  const count = node.attributes.get("num_scan_inputs");
  const scans = count?.kind === "int" ? Number(count.value) : Number.NaN;
  if (!(scans >= 1 && scans <= inputs.length)) throw invalidAt(at, "num_scan_inputs does not fit");
  const states = inputs.slice(0, inputs.length - scans);
  const outputs = body.outputs.length - states.length;
  if (outputs < 0 || body.outputs.length < node.outputs.length) {
    throw invalidAt(at, `the body has ${body.outputs.length} outputs`);
  }
  const batched = node.version < 9;
  return {
    body,
    states,
    scanned: inputs.slice(states.length),
    from: walks(call, batched ? "directions" : "scan_input_directions", "scan_input_axes", scans),
    into: walks(call, "scan_output_directions", "scan_output_axes", outputs),
  };
}

function walks(call: InlineCall, directions: string, axes: string, count: number): Walk[] {
  const backward = list(call, directions, count);
  const wrong = backward.find((d) => d !== 0 && d !== 1);
  if (wrong !== undefined) throw invalidAt(call.at, `${directions}: ${wrong} is no direction`);
  return list(call, axes, count).map((axis, i) => ({ axis, backward: backward[i] === 1 }));
}

function list({ at, node }: InlineCall, name: string, count: number): number[] {
  const attribute = node.attributes.get(name);
  if (!attribute) return new Array<number>(count).fill(0);
  if (attribute.kind === "ints" && attribute.value.length === count) {
    return attribute.value.map(Number);
  }
  throw invalidAt(at, `attribute ${name} is not a list of ${count} ints`);
}

/** An axis of a tensor of `rank` dims as 0 … rank − 1. */
function axisIn({ at }: InlineCall, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive >= 0 && positive < rank) return positive;
  throw invalidAt(at, `axis ${axis} is outside rank ${rank}`);
}

function inlineScan(call: InlineCall, form: Form): Slot[] {
  const axes = form.from.map(({ axis }, i) => axisIn(call, axis, rankOf(form.scanned[i])));
  const walked = walk(call, form, form.states, {
    steps: extentOf(call, form, axes),
    label: (t) => `[${t}]`,
    places: (i, index) => [{ axis: axes[i] as number, index }],
  });
  return outputsOf(call, form, walked, "");
}

/** Each entry of the batch by itself, and then all of them beside each other. */
function inlineBatched(call: InlineCall): Slot[] {
  const { at, inputs, node } = call;
  if (inputs[0]) throw unsupportedAt(at, "sequence_lens is not supported");
  const form = formOf(call, inputs.slice(1));
  const all = [...form.states, ...form.scanned];
  const batch = all[0]?.type.dims[0];
  if (
    !batch ||
    all.some((s) => s.type.dims[0] !== batch) ||
    form.scanned.some((s) => rankOf(s) < 2)
  ) {
    throw invalidAt(at, `its inputs ${all.map((s) => `[${s.type.dims}]`)} have no common batch`);
  }
  const steps = extentOf(
    call,
    form,
    form.scanned.map(() => 1),
  );
  const entries = Array.from({ length: batch }, (_, b) => {
    const states = form.states.map((s, i) =>
      taken(call, `${at.path}[${b}]/input ${1 + i}`, s, [{ axis: 0, index: b }]),
    );
    const walked = walk(call, form, states, {
      steps,
      label: (t) => `[${b},${t}]`,
      places: (_i, index) => [
        { axis: 0, index: b },
        { axis: 1, index },
      ],
    });
    return outputsOf(call, form, walked, `[${b}]`);
  });
  return node.outputs.map((_, o) =>
    stacked(
      call,
      o,
      entries.map((e) => e[o] as Slot),
      0,
    ),
  );
}

function rankOf(slot: Slot | undefined): number {
  return slot?.type.dims.length ?? 0;
}

/** The common extent of the scanned axes. */
function extentOf({ at }: InlineCall, { scanned }: Form, axes: readonly number[]): number {
  const extents = scanned.map((slot, i) => slot.type.dims[axes[i] as number] as number);
  const steps = extents[0] as number;
  if (extents.some((e) => e !== steps)) throw invalidAt(at, `scans axes of extents ${extents}`);
  return steps;
}

interface Steps {
  readonly steps: number;
  label(t: number): string;
  /** Where the slice of scanned input i lies. */
  places(i: number, index: number): readonly { readonly axis: number; readonly index: number }[];
}

interface Walked {
  readonly state: readonly Slot[];
  readonly rows: readonly (readonly Slot[])[];
}

function walk(call: InlineCall, form: Form, initial: readonly Slot[], over: Steps): Walked {
  const { at, inliner, inputs } = call;
  let state = initial;
  const rows: (readonly Slot[])[] = [];
  for (let t = 0; t < over.steps; t++) {
    inliner.count("iterations", 1);
    const label = over.label(t);
    const slices = form.scanned.map((slot, i) => {
      const input = inputs.length - form.scanned.length + i;
      const index = form.from[i]?.backward ? over.steps - 1 - t : t;
      return taken(call, `${at.path}${label}/input ${input}`, slot, over.places(i, index));
    });
    const results = inlined(call, form.body, label, "body", [...state, ...slices]);
    state = results.slice(0, initial.length);
    rows.push(results.slice(initial.length));
  }
  return { state, rows };
}

/** The node's outputs, as many as it names. */
function outputsOf(call: InlineCall, form: Form, { state, rows }: Walked, part: string): Slot[] {
  const { length } = call.node.outputs;
  const stacks = form.into.slice(0, Math.max(0, length - state.length)).map((w, k) => {
    const output = state.length + k;
    const value = form.body.outputs[output] as SubgraphValue;
    const slots = rows.map((row) => row[k] as Slot);
    if (slots.length === 0) return stackedNothing(call, value, w.axis);
    const axis = axisIn(call, w.axis, rankOf(slots[0]) + 1);
    return stacked(call, output, w.backward ? slots.reverse() : slots, axis, part);
  });
  return [...state, ...stacks];
}
