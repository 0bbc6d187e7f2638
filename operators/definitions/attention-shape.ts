import type { DType } from "../dtype.js";
import { type Index, o, type View } from "../program/builder.js";
import type { LoweringContext } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  requireDType,
  type StageList,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";

/**
 * How attention sees its operands. Query heads are [groups, repeats]: `repeats` query heads in a row
 * share one of `groups` key and value heads.
 */
export interface AttentionShape {
  readonly batch: number;
  readonly groups: number;
  readonly repeats: number;
  readonly queries: number;
  /** Keys in the past, and past plus present. */
  readonly past: number;
  readonly keys: number;
  /** Elements of a query and a key, and of a value. */
  readonly depth: number;
  readonly valueDepth: number;
  /** Whether inputs are [batch, sequence, heads·depth] instead of [batch, heads, sequence, depth]. */
  readonly flat: boolean;
  readonly dtype: DType;
}

/** Reads and checks inputs 0–2, 4 and 5. */
export function attentionShape(context: LoweringContext): AttentionShape {
  const [q, key, value] = [0, 1, 2].map((i) => inputOperand(context, i)) as [
    Operand,
    Operand,
    Operand,
  ];
  const flat = q.dims.length === 3;
  const past = pastLength(context);
  const head = (t: Operand, attribute: string) => heads(context, t, flat, attribute);
  const [hq, hk, hv] = [
    head(q, "q_num_heads"),
    head(key, "kv_num_heads"),
    head(value, "kv_num_heads"),
  ];
  for (const t of [q, key, value]) {
    requireDType(context, t, FUNCTION_FLOATS);
    if (t.dtype !== q.dtype) throw invalid(context, `mixes ${q.dtype} and ${t.dtype}`);
  }
  const fits =
    hq.batch === hk.batch &&
    hq.batch === hv.batch &&
    hk.heads === hv.heads &&
    hk.length === hv.length &&
    hq.depth === hk.depth &&
    hk.heads > 0 &&
    hq.heads % hk.heads === 0;
  if (!fits) throw invalid(context, `Q [${q.dims}], K [${key.dims}] and V [${value.dims}]`);
  const shape = {
    batch: hq.batch,
    groups: hk.heads,
    repeats: hq.heads / hk.heads,
    queries: hq.length,
    past,
    keys: past + hk.length,
    depth: hq.depth,
    valueDepth: hv.depth,
    flat,
    dtype: q.dtype,
  };
  checkPast(context, shape);
  return shape;
}

function heads(context: LoweringContext, t: Operand, flat: boolean, attribute: string) {
  if (t.dims.length !== (flat ? 3 : 4)) throw invalid(context, `[${t.dims}] as Q, K or V`);
  const [batch, second, third, fourth] = t.dims as [number, number, number, number];
  const stated = intAttribute(context, attribute);
  if (!flat) {
    if (stated !== undefined && stated !== second) {
      throw invalid(context, `${attribute} is ${stated}, the input has ${second} heads`);
    }
    return { batch, heads: second, length: third, depth: fourth };
  }
  if (stated === undefined || stated < 1 || third % stated !== 0) {
    throw invalid(context, `${attribute} ${stated} over ${third} elements`);
  }
  return { batch, heads: stated, length: second, depth: third / stated };
}

function pastLength(context: LoweringContext): number {
  if (!context.inputs[4] !== !context.inputs[5]) {
    throw invalid(context, "past_key and past_value come together");
  }
  return context.inputs[4]?.dims[2] ?? 0;
}

function checkPast(context: LoweringContext, shape: AttentionShape): void {
  for (const [index, depth] of [
    [4, shape.depth],
    [5, shape.valueDepth],
  ] as const) {
    const t = context.inputs[index];
    const dims = [shape.batch, shape.groups, shape.past, depth];
    if (t && (t.dims.join() !== dims.join() || t.dtype !== shape.dtype)) {
      throw invalid(context, `input ${index} is ${t.dtype}[${t.dims}], expected [${dims}]`);
    }
  }
}

/** A sequence of keys or values, with the dims and the order of indices that its layout has. */
export interface Sequence {
  readonly operand: Operand;
  /** Index of (batch, group, position, element). */
  at(batch: Index, group: Index, position: Index, element: Index): Index[];
}

/** Input 1 or 2 as it lies in memory. */
export function givenSequence(
  context: LoweringContext,
  shape: AttentionShape,
  index: 1 | 2,
): Sequence {
  const depth = index === 1 ? shape.depth : shape.valueDepth;
  const length = shape.keys - shape.past;
  const { batch, groups, flat } = shape;
  const dims = flat ? [batch, length, groups, depth] : [batch, groups, length, depth];
  return {
    operand: { ...inputOperand(context, index), dims },
    at: (b, g, s, e) => (flat ? [b, s, g, e] : [b, g, s, e]),
  };
}

/** Past and present in one tensor [batch, groups, keys, depth]: a present_key or present_value. */
export function presentSequence(
  context: LoweringContext,
  shape: AttentionShape,
  stages: StageList,
  index: 1 | 2,
): Sequence {
  const given = givenSequence(context, shape, index);
  const depth = given.operand.dims[3] as number;
  const dims = [shape.batch, shape.groups, shape.keys, depth];
  const past = context.inputs[3 + index] ? [inputOperand(context, 3 + index)] : [];
  const name = index === 1 ? "present key" : "present value";
  const operand = stages.add(name, [given.operand, ...past], dims, ([vg, vp]) => ({
    dtype: shape.dtype,
    out: dims,
    finish: (b) => {
      const now = b.read(vg as View, given.at(o(0), o(1), [o(2), -shape.past], o(3)));
      if (!vp) return now;
      const before = b.read(vp, [o(0), o(1), o(2), o(3)]);
      return b.select(b.lt(b.coordinate(o(2)), b.i64(shape.past)), before, now);
    },
  }));
  return { operand, at: (b, g, s, e) => [b, g, s, e] };
}
