import type { DType } from "../dtype.js";
import { type BodyBuilder, k, o, type Register, type View } from "../program/builder.js";
import {
  type AttentionShape,
  attentionShape,
  givenSequence,
  presentSequence,
  type Sequence,
} from "./attention-shape.js";
import {
  type MaskViews,
  type Place,
  type Visibility,
  visibilityOf,
} from "./attention-visibility.js";
import type { LoweringContext, OperatorDefinition, StageAxis } from "./definition.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  StageList,
  unsupported,
} from "./shared/context.js";
import { laneFold } from "./shared/lanes.js";
import { multiplyAdd } from "./shared/multiply-add.js";

/**
 * Attention: scaled dot-product attention (rule 15), in stages:
 *
 *   score   s = fl(dot(q, k) · scale), default scale fl(1 ÷ fl(√d)); softcap c > 0:
 *           s = fl(tanh(fl(s ÷ c)) · c); then fl(s + mask); −∞ for a key that the query may not see
 *   m, e, Σ maximum, exp(fl(s − m)), lane sum of e by ascending absolute key position (rule 13); a hidden
 *           key has e = +0, and adding +0 to a lane is not adding
 *   p       fl(e ÷ Σ)
 *   Y       fold of multiply-add of p and v, keys ascending; hidden keys are skipped
 *
 * A query that sees no key gives NaN. Operands: Q, K, V [batch, heads, sequence, depth] or
 * [batch, sequence, heads·depth], query heads a multiple of the key and value heads; attn_mask;
 * past_key, past_value [batch, heads, past, depth]; nonpad_kv_seqlen [batch]. Outputs: Y, present_key,
 * present_value, and the scores as qk_matmul_output_mode says: 0 scaled, 1 softcapped, 2 masked, 3 p.
 * f32/f16/bf16 of one dtype, attn_mask a float or bool. Source: ONNX Attention-24.
 */
export const attention: OperatorDefinition = {
  domain: "",
  name: "Attention",
  versions: [23, 24],
  lower(context) {
    if (context.outputCount > 4) throw invalid(context, "has at most 4 outputs");
    const precision = intAttribute(context, "softmax_precision", 1);
    // Intermediates are f32 whatever is asked for (rule 5), which f64 would not be.
    if (![1, 10, 16].includes(precision)) throw unsupported(context, "softmax in f64");
    const shape = attentionShape(context);
    const stages = new StageList();
    const sequence = (index: 1 | 2): Sequence =>
      shape.past > 0 || context.outputCount > index
        ? presentSequence(context, shape, stages, index)
        : givenSequence(context, shape, index);
    const a: Parts = {
      shape,
      stages,
      key: sequence(1),
      value: sequence(2),
      query: inputOperand(context, 0),
      visible: visibilityOf(context, shape),
      scale: floatAttribute(context, "scale", Math.fround(1 / Math.fround(Math.sqrt(shape.depth)))),
      softcap: floatAttribute(context, "softcap", 0),
    };
    const scores = scoreStage(a, "masked", "f32");
    const rows = softmaxRows(a, scores);
    const probabilities = probabilityStage(a, rows, "f32");
    const y = valueStage(a, probabilities, rows.sum);
    const outputs = [y, a.key.operand, a.value.operand];
    if (context.outputCount > 3)
      outputs.push(scoreOutput(context, a, { scores, rows, probabilities }));
    return stages.lowering(outputs.slice(0, context.outputCount));
  },
};

interface Parts {
  readonly shape: AttentionShape;
  readonly stages: StageList;
  readonly query: Operand;
  readonly key: Sequence;
  readonly value: Sequence;
  readonly visible: Visibility;
  readonly scale: number;
  readonly softcap: number;
}

type ScoreKind = "scaled" | "softcapped" | "masked";

/** Coordinates of a stage whose out dims are [batch, group, repeat, query, key]. */
const SCORE: Place = { batch: o(0), group: o(1), repeat: o(2), query: o(3), key: o(4) };

/** Scores [batch, heads, queries, keys] up to the given step. */
function scoreStage(a: Parts, kind: ScoreKind, dtype: DType): Operand {
  const { shape, visible } = a;
  const { batch, groups, repeats, queries, keys, depth } = shape;
  const queryDims = shape.flat
    ? [batch, queries, groups, repeats, depth]
    : [batch, groups, repeats, queries, depth];
  const queryAt = shape.flat ? [o(0), o(3), o(1), o(2), k(0)] : [o(0), o(1), o(2), o(3), k(0)];
  const masks = kind === "masked" ? maskOperands(visible) : [];
  const operands = [a.query, a.key.operand, ...masks];
  return a.stages.add(
    kind === "masked" ? "scores" : `${kind} scores`,
    operands,
    [batch, groups * repeats, queries, keys],
    ([vq, vk, ...rest]) => ({
      dtype,
      out: [batch, groups, repeats, queries, keys],
      fold: [depth],
      ...multiplyAdd("f32", (s) => [
        s.read({ ...(vq as View), dims: queryDims }, queryAt),
        s.read(vk as View, a.key.at(o(0), o(1), o(4), k(0))),
      ]),
      finish: (b) => {
        let score = b.mul(b.state(0), b.f32(a.scale));
        if (kind !== "scaled" && a.softcap > 0) {
          const cap = b.f32(a.softcap);
          score = b.mul(b.op("f32.tanh", b.div(score, cap)), cap);
        }
        return kind === "masked" ? masked(b, visible, maskViews(visible, rest), score) : score;
      },
    }),
    rowAxes(shape, "key", keys),
  );
}

/** Axes of a row per batch entry, head and query, and of one more. */
function rowAxes(
  { batch, groups, repeats, queries }: AttentionShape,
  last?: string,
  size = 1,
): StageAxis[] {
  const row = [
    { name: "batch", size: batch },
    { name: "head", size: groups * repeats },
    { name: "query", size: queries },
  ];
  return last === undefined ? row : [...row, { name: last, size }];
}

/** score + mask, or −∞ where the key is hidden. */
function masked(b: BodyBuilder, visible: Visibility, views: MaskViews, score: Register): Register {
  const bias = visible.bias(b, views, SCORE);
  const biased = bias ? b.add(score, bias) : score;
  const data = visible.data(b, views, SCORE);
  const tests = [
    ...visible.affine(SCORE).map((c) => b.not(b.lt(b.coordinate(c), b.i64(0)))),
    ...(data ? [data] : []),
  ];
  if (tests.length === 0) return biased;
  const seen = tests.reduce((x, y) => b.and(x, y));
  return b.select(seen, biased, b.f32(Number.NEGATIVE_INFINITY));
}

interface SoftmaxRows {
  readonly exp: Operand;
  readonly sum: Operand;
}

/** e and its sum per query, over scores seen as [rows, keys]. */
function softmaxRows(a: Parts, scores: Operand): SoftmaxRows {
  const { keys } = a.shape;
  const [batch, heads, queries] = scores.dims as [number, number, number];
  const rows = batch * heads * queries;
  const seen = { ...scores, dims: [rows, keys] };
  const axes = rowAxes(a.shape);
  const fold = { rows: [rows], extents: [keys], dtype: "f32", axes } as const;
  const max = laneFold(a.stages, {
    ...fold,
    name: "max",
    operands: [seen],
    combine: "max",
    element: (b, [v], [at]) => b.read(v as View, [o(0), at ?? 0]),
  });
  const exp = a.stages.add(
    "exp",
    [seen, max],
    [rows, keys],
    ([vs, vm]) => ({
      dtype: "f32",
      out: [rows, keys],
      finish: (b) =>
        b.op("f32.exp", b.sub(b.read(vs as View, [o(0), o(1)]), b.read(vm as View, [o(0)]))),
    }),
    rowAxes(a.shape, "key", keys),
  );
  const sum = laneFold(a.stages, {
    ...fold,
    name: "sum",
    operands: [exp],
    combine: "sum",
    element: (b, [v], [at]) => b.read(v as View, [o(0), at ?? 0]),
  });
  return { exp, sum };
}

/** fl(e ÷ Σ), [batch, heads, queries, keys]. */
function probabilityStage(a: Parts, { exp, sum }: SoftmaxRows, dtype: DType): Operand {
  const { batch, groups, repeats, queries, keys } = a.shape;
  const dims = [batch, groups * repeats, queries, keys];
  return a.stages.add(
    "probabilities",
    [exp, sum],
    dims,
    ([ve, vs]) => ({
      dtype,
      out: exp.dims,
      finish: (b) => b.div(b.read(ve as View, [o(0), o(1)]), b.read(vs as View, [o(0)])),
    }),
    rowAxes(a.shape, "key", keys),
  );
}

/** Y: the values weighted by p, in the layout of Q. */
function valueStage(a: Parts, probabilities: Operand, sum: Operand): Operand {
  const { shape, visible } = a;
  const { batch, groups, repeats, queries, keys, valueDepth, flat } = shape;
  const place: Place = flat
    ? { batch: o(0), query: o(1), group: o(2), repeat: o(3), key: k(0) }
    : { batch: o(0), group: o(1), repeat: o(2), query: o(3), key: k(0) };
  const operands = [
    { ...probabilities, dims: [batch, groups, repeats, queries, keys] },
    a.value.operand,
    { ...sum, dims: [batch, groups, repeats, queries] },
    ...maskOperands(visible),
  ];
  const heads = groups * repeats;
  const dims = flat ? [batch, queries, heads * valueDepth] : [batch, heads, queries, valueDepth];
  const row = [place.batch, place.group, place.repeat, place.query];
  const program = ([vp, vv, vs, ...rest]: readonly View[]) => {
    const contraction = multiplyAdd("f32", (s) => [
      s.read(vp as View, [...row, k(0)]),
      s.read(vv as View, a.value.at(place.batch, place.group, k(0), o(4))),
    ]);
    const views = maskViews(visible, rest);
    return {
      dtype: shape.dtype,
      out: flat
        ? [batch, queries, groups, repeats, valueDepth]
        : [batch, groups, repeats, queries, valueDepth],
      fold: [keys],
      when: visible.affine(place),
      ...contraction,
      step: (s: BodyBuilder) => {
        const next = contraction.step?.(s) ?? [];
        const seen = visible.data(s, views, place);
        return seen ? next.map((r, i) => s.select(seen, r, s.state(i))) : next;
      },
      finish: (b: BodyBuilder) => {
        if (!visible.mayHideAll) return b.state(0);
        // The sum is at least 1 where a key is seen, NaN or +0 where none is.
        const sees = b.lt(b.f32(0), b.read(vs as View, row));
        return b.select(sees, b.state(0), b.f32(Number.NaN));
      },
    };
  };
  const axes = rowAxes(shape, "depth", valueDepth);
  const [batchAxis, headAxis, queryAxis, depthAxis] = axes as [StageAxis, ...StageAxis[]];
  const named = flat ? [batchAxis, queryAxis, headAxis, depthAxis] : axes;
  return a.stages.add("output", operands, dims, program, named as StageAxis[]);
}

function maskOperands({ mask, lengths }: Visibility): Operand[] {
  return [mask, lengths].filter((t) => t !== undefined);
}

/** The views of `maskOperands`, by name. */
function maskViews({ mask, lengths }: Visibility, views: readonly View[]): MaskViews {
  const rest = [...views];
  return {
    mask: mask ? rest.shift() : undefined,
    lengths: lengths ? rest.shift() : undefined,
  };
}

/** Output 3. */
function scoreOutput(
  context: LoweringContext,
  a: Parts,
  made: { scores: Operand; rows: SoftmaxRows; probabilities: Operand },
): Operand {
  const mode = intAttribute(context, "qk_matmul_output_mode", 0);
  const { dtype } = a.shape;
  switch (mode) {
    case 0:
      return scoreStage(a, "scaled", dtype);
    case 1:
      return scoreStage(a, "softcapped", dtype);
    case 2:
      return dtype === "f32" ? made.scores : scoreStage(a, "masked", dtype);
    case 3:
      return dtype === "f32" ? made.probabilities : probabilityStage(a, made.rows, dtype);
    default:
      throw invalid(context, `qk_matmul_output_mode ${mode}`);
  }
}
