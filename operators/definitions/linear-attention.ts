import { type BodyBuilder, k, o, type Register, type View } from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  requireDType,
  StageList,
  stringAttribute,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";
import { multiplyAdd } from "./shared/multiply-add.js";

/**
 * LinearAttention: a recurrence over tokens t whose state S is one matrix [key size, value size] per
 * batch entry and key/value head (rule 23). With e = exp(decay), S' the state before and
 * D = e ⊙ S' (without decay D = S'):
 *
 *   linear, gated:       S = D + k ⊗ v
 *   delta, gated_delta:  S = D + k ⊗ (β · (v − Dᵀ·k))
 *   output = scale · (q·S), default scale fl(1 ÷ fl(√(key size)))
 *
 * Products over the key size are contractions from +0 (rule 9). Query heads share the state of
 * their group. query [B, T, q heads · key size], key, value [B, T, kv heads · size], past_state
 * [B, kv heads, key size, value size] (zeros where left out), decay [B, T, kv heads · key size] or
 * one per head, beta [B, T, kv heads] or [B, T, 1]. Outputs [B, T, q heads · value size] and the last
 * state. Dtypes: f32, f16, bf16; intermediates f32. Source: ONNX LinearAttention-27.
 */
export const linearAttention: OperatorDefinition = {
  domain: "",
  name: "LinearAttention",
  versions: [27],
  lower(context) {
    const shape = shapeOf(context);
    const { stages, query, past, qHeads, kvHeads, batch, steps, keySize, valueSize } = shape;
    const group = qHeads / kvHeads;
    const states = recur(shape);
    const scale = floatAttribute(context, "scale", 0);
    const output = stages.add(
      "output",
      [query, states],
      [batch, steps, qHeads * valueSize],
      ([vq, vs]) => ({
        dtype: query.dtype,
        out: [batch, steps, kvHeads, group, valueSize],
        fold: [keySize],
        ...multiplyAdd("f32", (s) => [
          s.read({ ...(vq as View), dims: [batch, steps, kvHeads, group, keySize] }, [
            o(0),
            o(1),
            o(2),
            o(3),
            k(0),
          ]),
          s.read(vs as View, [o(1), o(0), o(2), k(0), o(4)]),
        ]),
        finish: (b) => b.mul(scaleOf(b, scale, keySize), b.state(0)),
      }),
    );
    const present = stages.add(
      "present state",
      [states],
      [batch, kvHeads, keySize, valueSize],
      ([vs]) => ({
        dtype: past?.dtype ?? query.dtype,
        out: [batch, kvHeads, keySize, valueSize],
        finish: (b) => b.read(vs as View, [steps - 1, o(0), o(1), o(2), o(3)]),
      }),
    );
    if (context.outputCount > 2) throw invalid(context, "has two outputs");
    return stages.lowering([output, present].slice(0, context.outputCount));
  },
};

function scaleOf(b: BodyBuilder, scale: number, keySize: number): Register {
  if (scale !== 0) return b.f32(scale);
  return b.f32(Math.fround(1 / Math.fround(Math.sqrt(keySize))));
}

interface Shape {
  readonly stages: StageList;
  readonly query: Operand;
  readonly key: Operand;
  readonly value: Operand;
  readonly past: Operand | undefined;
  /** exp(decay), [batch, steps, kv heads, key size or 1]. */
  readonly decay: Operand | undefined;
  readonly beta: Operand | undefined;
  readonly qHeads: number;
  readonly kvHeads: number;
  readonly batch: number;
  readonly steps: number;
  readonly keySize: number;
  readonly valueSize: number;
}

function shapeOf(context: LoweringContext): Shape {
  const [query, key, value] = [0, 1, 2].map((i) => operand(context, i)) as [
    Operand,
    Operand,
    Operand,
  ];
  const qHeads = intAttribute(context, "q_num_heads", 0);
  const kvHeads = intAttribute(context, "kv_num_heads", 0);
  const [batch, steps] = query.dims as [number, number];
  const [keySize, valueSize] = [key, value].map((t) => (t.dims[2] as number) / kvHeads) as [
    number,
    number,
  ];
  const fits =
    kvHeads > 0 &&
    qHeads % kvHeads === 0 &&
    [query, key, value].every((t) => t.dims.length === 3 && t.dims[0] === batch) &&
    [key, value].every((t) => t.dims[1] === steps) &&
    query.dims[2] === qHeads * keySize &&
    Number.isInteger(keySize) &&
    Number.isInteger(valueSize);
  if (!fits || steps === 0) throw invalid(context, "query, key, value and heads do not fit");
  const stages = new StageList();
  const shape = { stages, query, key, value, qHeads, kvHeads, batch, steps, keySize, valueSize };
  const past = optional(context, 3, [[batch, kvHeads, keySize, valueSize]]);
  return { ...shape, past, ...gatesOf(context, stages, shape) };
}

/** exp(decay) and beta where the update rule has them. */
function gatesOf(
  context: LoweringContext,
  stages: StageList,
  { batch, steps, kvHeads, keySize }: Pick<Shape, "batch" | "steps" | "kvHeads" | "keySize">,
): Pick<Shape, "decay" | "beta"> {
  const rule = stringAttribute(context, "update_rule", "gated_delta");
  if (!["linear", "gated", "delta", "gated_delta"].includes(rule)) {
    throw invalid(context, `update_rule ${rule}`);
  }
  const tokens = [batch, steps];
  const decay = rule.startsWith("gated")
    ? optional(context, 4, [
        [...tokens, kvHeads * keySize],
        [...tokens, kvHeads],
      ])
    : undefined;
  const beta = rule.endsWith("delta")
    ? optional(context, 5, [
        [...tokens, kvHeads],
        [...tokens, 1],
      ])
    : undefined;
  if (rule.startsWith("gated") && !decay) throw invalid(context, `${rule} needs decay`);
  if (rule.endsWith("delta") && !beta) throw invalid(context, `${rule} needs beta`);
  if (!decay) return { decay, beta };
  const dims = [...tokens, kvHeads, (decay.dims[2] as number) / kvHeads];
  const exp = stages.add("exp", [decay], dims, ([v]) => ({
    dtype: "f32",
    out: dims,
    finish: (b) => b.op("f32.exp", b.read({ ...(v as View), dims }, [o(0), o(1), o(2), o(3)])),
  }));
  return { decay: exp, beta };
}

function operand(context: LoweringContext, index: number): Operand {
  const found = inputOperand(context, index);
  requireDType(context, found, FUNCTION_FLOATS);
  return found;
}

function optional(
  context: LoweringContext,
  index: number,
  shapes: readonly (readonly number[])[],
): Operand | undefined {
  if (!context.inputs[index]) return undefined;
  const found = operand(context, index);
  if (shapes.some((s) => `${s}` === `${found.dims}`)) return found;
  throw invalid(context, `input ${index} is [${found.dims}], not [${shapes[0]}]`);
}

/** The states after every token: [steps, batch, kv heads, key size, value size]. */
function recur(shape: Shape): Operand {
  const { stages, key, value, past, decay, beta, steps, batch, kvHeads } = shape;
  const { keySize, valueSize } = shape;
  const given = [...(past ? [past] : []), ...(decay ? [decay] : [])];
  const keyDims = [batch, steps, kvHeads, keySize];
  const valueDims = [batch, steps, kvHeads, valueSize];
  const delta = {
    name: "delta",
    dtype: "f32" as const,
    dims: [batch, kvHeads, valueSize],
    axes: ["batch", "head", "value"],
    operands: (siblings: readonly Operand[]) => [
      key,
      value,
      ...(beta ? [beta, siblings[1] as Operand] : []),
      ...(beta ? given : []),
    ],
    program: ([vk, vv, vb, ...before]: readonly View[]) => {
      const read = (b: BodyBuilder): Register =>
        b.read({ ...(vv as View), dims: valueDims }, [o(1), o(0), o(2), o(3)]);
      if (!vb) return { finish: read };
      return {
        fold: [keySize],
        ...multiplyAdd("f32", (s) => [
          decayed(s, shape, before, k(0), o(3)),
          s.read({ ...(vk as View), dims: keyDims }, [o(1), o(0), o(2), k(0)]),
        ]),
        finish: (b: BodyBuilder) => {
          const factor = b.read(vb, [o(1), o(0), vb.dims[2] === 1 ? 0 : o(2)]);
          return b.mul(factor, b.sub(read(b), b.state(0)));
        },
      };
    },
  };
  const state = {
    name: "state",
    dtype: "f32" as const,
    dims: [batch, kvHeads, keySize, valueSize],
    axes: ["batch", "head", "key", "value"],
    operands: ([d, s]: readonly Operand[]) => [key, d as Operand, s as Operand, ...given],
    program: ([vk, vd, ...before]: readonly View[]) => ({
      finish: (b: BodyBuilder) =>
        b.add(
          decayed(b, shape, before, o(3), o(4)),
          b.mul(
            b.read({ ...(vk as View), dims: keyDims }, [o(1), o(0), o(2), o(3)]),
            b.read(vd as View, [o(0), o(1), o(2), o(4)]),
          ),
        ),
    }),
  };
  return stages.scan(steps, [delta, state])[1] as Operand;
}

/** D at (row, column): the state before, or the past one, times e. `views`: state, past?, decay?. */
function decayed(
  b: BodyBuilder,
  { past, decay, keySize }: Shape,
  views: readonly View[],
  row: ReturnType<typeof o>,
  column: ReturnType<typeof o>,
): Register {
  const [state, ...rest] = views;
  const before = b.read(state as View, [[o(0), -1], o(1), o(2), row, column]);
  const first = past && b.read(rest[0] as View, [o(1), o(2), row, column]);
  const isFirst = b.eq(b.coordinate(o(0)), b.i64(0));
  const value = first ? b.select(isFirst, first, before) : before;
  if (!decay) return value;
  const perRow = decay.dims[3] === keySize;
  const factor = b.read(rest.at(-1) as View, [o(1), o(0), o(2), perRow ? row : 0]);
  return b.mul(value, factor);
}
