import {
  type AttributeValue,
  type DType,
  i64Tensor,
  type Tensor,
} from "../../../operators/index.js";
import { float, int } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** What transformers are written with besides attention: rotations, skips, gates, fused products. */

const FLOATS: readonly DType[] = ["f32", "f16", "bf16"];

interface Rotation {
  readonly dims: readonly number[];
  readonly cache: readonly number[];
  readonly ids?: Tensor;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

const IDS = i64Tensor([2, 3], [0, 7, 3, 11, -1, 5]);

const ROTATIONS: readonly Rotation[] = [
  { dims: [2, 4, 3, 8], cache: [12, 4], ids: IDS },
  { dims: [2, 3, 24], cache: [12, 4], ids: IDS, attributes: { num_heads: int(3) } },
  { dims: [2, 1, 3, 34], cache: [2, 3, 16], attributes: { rotary_embedding_dim: int(32) } },
].flatMap((r) =>
  [0, 1].map((i) => ({ ...r, attributes: { ...r.attributes, interleaved: int(i) } })),
);

const ROTARY: readonly DefinitionCase[] = [...FLOATS, "f64" as const].flatMap((dtype) =>
  ROTATIONS.map(({ dims, cache, ids, attributes }) => ({
    operator: "RotaryEmbedding",
    domain: "",
    version: 23,
    attributes: attributes ?? {},
    inputs: [
      ...[dims, cache, cache].map((d) => ({ dtype, dims: d })),
      ...(ids ? [{ dtype: "i64" as const, dims: ids.dims }] : []),
    ],
    ...(ids ? { values: { 3: ids } } : {}),
  })),
);

const MICROSOFT_ROTARY: readonly DefinitionCase[] = [i64Tensor([1], [4]), IDS].flatMap((ids) =>
  [
    [2, 4, 3, 8],
    [2, 3, 16],
  ].map((dims) => ({
    operator: "RotaryEmbedding",
    domain: "com.microsoft",
    version: 1,
    attributes: {},
    inputs: [
      { dtype: "f32" as const, dims },
      { dtype: "i64" as const, dims: ids.dims },
      { dtype: "f32" as const, dims: [9, 4] },
      { dtype: "f32" as const, dims: [9, 4] },
    ],
    values: { 1: ids },
  })),
);

const SKIPS: readonly DefinitionCase[] = FLOATS.flatMap((dtype) =>
  [
    { operator: "SkipLayerNormalization", dims: [2, 3, 40], skip: [2, 3, 40], rest: 3, outputs: 4 },
    { operator: "SkipLayerNormalization", dims: [5, 17], skip: [5, 17], rest: 1, outputs: 1 },
    {
      operator: "SkipSimplifiedLayerNormalization",
      dims: [2, 3, 33],
      skip: [3, 33],
      rest: 2,
      outputs: 4,
    },
    {
      operator: "SkipSimplifiedLayerNormalization",
      dims: [4, 64],
      skip: [4, 64],
      rest: 1,
      outputs: 1,
    },
  ].map(({ operator, dims, skip, rest, outputs }) => ({
    operator,
    domain: "com.microsoft",
    version: 1,
    attributes: { epsilon: float(1e-6) },
    inputs: [dims, skip, ...Array.from({ length: rest }, () => dims.slice(-1))].map((d) => ({
      dtype,
      dims: d,
    })),
    outputs,
  })),
);

const GATES: readonly DefinitionCase[] = FLOATS.flatMap((dtype) => [
  {
    operator: "SwiGLU",
    domain: "",
    version: 28,
    attributes: { alpha: float(1.5) },
    inputs: [
      { dtype, dims: [3, 19] },
      { dtype, dims: [3, 19] },
    ],
  },
  {
    operator: "BiasGelu",
    domain: "com.microsoft",
    version: 1,
    attributes: {},
    inputs: [
      { dtype, dims: [3, 19] },
      { dtype, dims: [19] },
    ],
  },
]);

const SWAPS = [
  { a: [2, 3, 5, 7], b: [2, 3, 7, 9], set: [] },
  { a: [2, 7, 5], b: [2, 9, 7], set: ["transA", "transB"] },
  { a: [5, 2, 7], b: [9, 2, 7], set: ["transBatchA", "transBatchB", "transB"] },
  { a: [7, 2, 3, 5], b: [7, 4], set: ["transBatchA", "transA"] },
  { a: [7], b: [7, 4], set: ["transA"] },
];

const FUSED: readonly DefinitionCase[] = [...FLOATS, "f64" as const].flatMap((dtype) =>
  SWAPS.map(({ a, b, set }) => ({
    operator: "FusedMatMul",
    domain: "com.microsoft",
    version: 1,
    attributes: { alpha: float(0.3), ...Object.fromEntries(set.map((name) => [name, int(1)])) },
    inputs: [a, b].map((dims) => ({ dtype, dims })),
    note: set.join(" "),
  })),
);

export const TRANSFORMER_CASES: readonly DefinitionCase[] = [
  ...ROTARY,
  ...MICROSOFT_ROTARY,
  ...SKIPS,
  ...GATES,
  ...FUSED,
];
