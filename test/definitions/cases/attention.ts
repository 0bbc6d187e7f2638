import { type AttributeValue, type DType, i64Tensor } from "../../../operators/index.js";
import { float, int } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** Attention: heads, layouts, masks, past and outputs; sequences around 32 keys. */

interface Sizes {
  readonly batch: number;
  readonly groups: number;
  readonly repeats: number;
  readonly queries: number;
  readonly keys: number;
  readonly past: number;
  readonly depth: number;
  readonly valueDepth: number;
}

const BASE: Sizes = {
  batch: 2,
  groups: 2,
  repeats: 1,
  queries: 5,
  keys: 7,
  past: 0,
  depth: 8,
  valueDepth: 6,
};

type Type = { readonly dtype: DType; readonly dims: readonly number[] } | undefined;

interface Extra {
  readonly dtype?: DType;
  readonly flat?: boolean;
  readonly mask?: Type;
  readonly lengths?: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly outputs?: number;
}

function of(sizes: Partial<Sizes>, extra: Extra = {}): DefinitionCase {
  const s = { ...BASE, ...sizes };
  const { dtype = "f32", flat = false } = extra;
  const heads = s.groups * s.repeats;
  const tensor = (count: number, length: number, depth: number): Type => ({
    dtype,
    dims: flat ? [s.batch, length, count * depth] : [s.batch, count, length, depth],
  });
  const past = (depth: number): Type =>
    s.past > 0 ? { dtype, dims: [s.batch, s.groups, s.past, depth] } : undefined;
  const lengths: Type = extra.lengths && { dtype: "i64", dims: [s.batch] };
  const inputs = [
    tensor(heads, s.queries, s.depth),
    tensor(s.groups, s.keys, s.depth),
    tensor(s.groups, s.keys, s.valueDepth),
    extra.mask,
    past(s.depth),
    past(s.valueDepth),
    lengths,
  ];
  return {
    operator: "Attention",
    domain: "",
    version: 24,
    attributes: {
      ...(flat ? { q_num_heads: int(heads), kv_num_heads: int(s.groups) } : {}),
      ...extra.attributes,
    },
    inputs,
    ...(extra.lengths ? { values: { 6: i64Tensor([s.batch], extra.lengths) } } : {}),
    outputs: extra.outputs ?? 1,
  };
}

const causal = { is_causal: int(1) };

const shapes: readonly Partial<Sizes>[] = [
  {},
  { queries: 1, keys: 1 },
  { repeats: 3, keys: 32 },
  { queries: 33, keys: 33, depth: 16, valueDepth: 16 },
  { queries: 40, keys: 70, batch: 1 },
  { queries: 3, past: 30, keys: 3 },
  { queries: 1, past: 40, keys: 1, repeats: 2 },
];

export const ATTENTION_CASES: readonly DefinitionCase[] = [
  ...shapes.flatMap((s) => [
    of(s),
    of(s, { attributes: causal }),
    of(s, { flat: true, attributes: causal, outputs: 3 }),
  ]),
  ...(["f16", "bf16"] as const).flatMap((dtype) => [
    of({}, { dtype, attributes: causal }),
    of({ past: 4 }, { dtype, attributes: { qk_matmul_output_mode: int(3) }, outputs: 4 }),
    of({}, { dtype, attributes: { qk_matmul_output_mode: int(2) }, outputs: 4 }),
  ]),
  ...[0, 1, 2, 3].map((mode) =>
    of(
      { past: 3 },
      {
        mask: { dtype: "f32", dims: [5, 10] },
        attributes: { ...causal, qk_matmul_output_mode: int(mode), softcap: float(2) },
        outputs: 4,
      },
    ),
  ),
  of({}, { mask: { dtype: "bool", dims: [5, 7] }, attributes: { scale: float(0.1) } }),
  of({}, { mask: { dtype: "bool", dims: [2, 1, 5, 7] }, attributes: causal }),
  of({ repeats: 2 }, { mask: { dtype: "f32", dims: [4, 1, 4] } }),
  of({}, { lengths: [7, 3] }),
  of({}, { lengths: [6, 2], attributes: causal }),
  of({ past: 2 }, { lengths: [9, 4], attributes: causal, mask: { dtype: "bool", dims: [1, 9] } }),
];
