import { type DType, elementCount } from "../../dtype.js";
import type { BodyBuilder, Index, Register, View } from "../../program/builder.js";
import type { LoweringContext } from "../definition.js";
import { broadcastIndex } from "./broadcast.js";
import { intAttribute, type Operand, type StageList, unsupported } from "./context.js";
import { laneFold } from "./lanes.js";
import { mergeBroadcast } from "./merge-axes.js";
import { elementIndex, type Rows, rowIndex, rowsOf } from "./rows.js";

/**
 * The norms' common stages (rules 10, 12 and 14), over all axes of `x` from `axis` on:
 *
 *   mean = fl(lane sum of x ÷ fl(n)),  d = fl(x − mean), or d = x without a mean (root mean square)
 *   r = rsqrt(fl(fl(lane sum of fl(d·d) ÷ fl(n)) + ε))
 *   y = fl(fl(fl(d·r)·scale) + bias); an operand that is left out is not multiplied or added
 *
 * Intermediates are f32.
 */
export interface Normalization {
  /** With the dims that `axis`, `scale` and `bias` refer to: a factorisation of `dims`. */
  readonly x: Operand;
  readonly axis: number;
  readonly centred: boolean;
  readonly epsilon: number;
  /** Broadcast to the dims of `x`. */
  readonly scale?: Operand | undefined;
  readonly bias?: Operand | undefined;
  readonly dtype: DType;
  readonly dims: readonly number[];
}

export interface Normalized {
  readonly y: Operand;
  /** f32, the dims of `x` with 1 from `axis` on. */
  readonly mean: Operand | undefined;
  readonly inverse: Operand;
}

export function normalize(stages: StageList, norm: Normalization): Normalized {
  const { x } = norm;
  const rows = rowsOf(x.dims, x.dims.map((_, i) => i).slice(norm.axis));
  const mean = norm.centred ? rowMean(stages, norm, rows) : undefined;
  const inverse = inverseDeviation(stages, norm, rows, mean);
  const operands = [x, inverse, mean, norm.scale, norm.bias].filter((t) => t !== undefined);
  const merged = mergeBroadcast(
    x.dims,
    operands.map((t) => t.dims),
  );
  const seen = operands.map((t, i): Operand => ({ ...t, dims: merged.operands[i] ?? t.dims }));
  const y = stages.add("output", seen, norm.dims, (views) => ({
    dtype: norm.dtype,
    out: merged.out,
    finish: (b) => {
      const values = views.map((v) => b.read(v, broadcastIndex(v, merged.out.length)));
      const next = (): Register => values.shift() as Register;
      const [value, r] = [next(), next()];
      let result = b.mul(mean ? b.sub(value, next()) : value, r);
      if (norm.scale) result = b.mul(result, next());
      if (norm.bias) result = b.add(result, next());
      return result;
    },
  }));
  return { y, mean, inverse };
}

function rowMean(stages: StageList, { x, axis }: Normalization, rows: Rows): Operand {
  return laneFold(stages, {
    name: "mean",
    operands: [{ ...x, dims: rows.view }],
    rows: rows.kept,
    extents: rows.extents,
    combine: "sum",
    dtype: "f32",
    dims: keptDims(x.dims, axis),
    element: (b, [vx], at) => b.read(vx as View, elementIndex(rows, at)),
    finish: (b, sum) => b.div(sum, b.f32(elementCount(rows.extents))),
  });
}

function inverseDeviation(
  stages: StageList,
  { x, axis, epsilon }: Normalization,
  rows: Rows,
  mean: Operand | undefined,
): Operand {
  const seen = { ...x, dims: rows.view };
  return laneFold(stages, {
    name: "inverse deviation",
    operands: mean ? [seen, { ...mean, dims: rows.kept }] : [seen],
    rows: rows.kept,
    extents: rows.extents,
    combine: "sum",
    dtype: "f32",
    dims: keptDims(x.dims, axis),
    element: (b, [vx, vm], at) => {
      const d = deviation(b, vx as View, elementIndex(rows, at), vm, rowIndex(rows));
      return b.mul(d, d);
    },
    finish: (b, sum) => {
      const variance = b.div(sum, b.f32(elementCount(rows.extents)));
      return b.op("f32.rsqrt", b.add(variance, b.f32(epsilon)));
    },
  });
}

function deviation(
  b: BodyBuilder,
  x: View,
  at: readonly Index[],
  mean: View | undefined,
  row: readonly Index[],
): Register {
  const value = b.read(x, at);
  return mean ? b.sub(value, b.read(mean, row)) : value;
}

function keptDims(dims: readonly number[], axis: number): number[] {
  return dims.map((d, i) => (i < axis ? d : 1));
}

/** Statistics are f32; a node that asks for another precision is unsupported. */
export function requireStashF32(context: LoweringContext): void {
  const stash = intAttribute(context, "stash_type", 1);
  if (stash !== 1) throw unsupported(context, `stash_type ${stash} (1, f32, is)`);
}
