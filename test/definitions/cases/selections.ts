import { type AttributeValue, type DType, i64Tensor } from "../../../operators/index.js";
import { int } from "../../support/run-definition.js";
import { tensorFrom } from "../../support/tensors.js";
import type { DefinitionCase } from "./types.js";

/** Operators that choose by value: ranks, one-hot codes, conditions, lengths. */

const NUMBERS: readonly DType[] = ["f32", "f16", "bf16", "f64", "i8", "u16", "i32", "i64", "u64"];

interface Ranking {
  readonly dims: readonly number[];
  readonly count: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

const RANKINGS: readonly Ranking[] = [
  { dims: [37], count: 5, attributes: {} },
  { dims: [3, 20], count: 20, attributes: { largest: int(0) } },
  { dims: [2, 9, 17], count: 4, attributes: { axis: int(1), sorted: int(0) } },
  { dims: [4, 1], count: 1, attributes: { axis: int(-1), largest: int(0) } },
  { dims: [2, 3], count: 0, attributes: {} },
  { dims: [0, 3], count: 2, attributes: {} },
];

const TOP_K: readonly DefinitionCase[] = NUMBERS.flatMap((dtype) =>
  RANKINGS.map(({ dims, count, attributes }) => ({
    operator: "TopK",
    domain: "",
    version: 24,
    attributes,
    inputs: [
      { dtype, dims },
      { dtype: "i64", dims: [1] },
    ],
    values: { 1: i64Tensor([1], [count]) },
    outputs: 2,
  })),
);

const OLD_TOP_K: DefinitionCase = {
  operator: "TopK",
  domain: "",
  version: 1,
  attributes: { k: int(3), axis: int(0) },
  inputs: [{ dtype: "f32", dims: [5, 3] }],
  outputs: 2,
};

const ONE_HOTS: readonly DefinitionCase[] = (["f32", "bool", "i64", "f16", "u8"] as const).flatMap(
  (dtype) =>
    [
      { indices: i64Tensor([5], [0, -1, 7, -8, 3]), axis: -1, version: 11 },
      {
        indices: tensorFrom("f32", [2, 3], [1.7, -0.5, -2, 6, 0, Number.NaN]),
        axis: 1,
        version: 11,
      },
      {
        indices: tensorFrom(
          "u8",
          [3, 17],
          Array.from({ length: 51 }, (_, i) => i % 9),
        ),
        axis: 0,
        version: 11,
      },
      { indices: tensorFrom("i32", [], [-3]), axis: 0, version: 9 },
    ].map(({ indices, axis, version }) => ({
      operator: "OneHot",
      domain: "",
      version,
      attributes: { axis: int(axis) },
      inputs: [
        { dtype: indices.dtype, dims: indices.dims },
        { dtype: "f32" as const, dims: [] },
        { dtype, dims: [2] },
      ],
      values: { 0: indices, 1: tensorFrom("f32", [], [7]) },
    })),
);

const CONDITIONS: readonly DefinitionCase[] = (["f32", "u8", "bf16", "i64"] as const).flatMap(
  (dtype) =>
    [
      { dims: [3, 5], flags: [0, 1, 1], axis: 0 },
      { dims: [3, 19], flags: [1, 0, 0, 1, 1, 0, 1], axis: -1 },
      { dims: [2, 4], flags: [0, 1, 1, 0, 0, 0, 1], axis: undefined },
      { dims: [2, 4], flags: [0, 0], axis: 1 },
    ].map(({ dims, flags, axis }) => ({
      operator: "Compress",
      domain: "",
      version: 11,
      attributes: axis === undefined ? {} : { axis: int(axis) },
      inputs: [
        { dtype, dims },
        { dtype: "bool" as const, dims: [flags.length] },
      ],
      values: { 1: tensorFrom("bool", [flags.length], flags) },
    })),
);

const REVERSALS: readonly DefinitionCase[] = (["f32", "i8", "f16", "i64"] as const).flatMap(
  (dtype) =>
    [
      { dims: [5, 3], lengths: [4, 1, 0], batch: 1 },
      { dims: [3, 5, 18], lengths: [5, 2, 9], batch: 0 },
      { dims: [4, 2, 2, 3], lengths: [-2, 3], batch: 1 },
    ].map(({ dims, lengths, batch }) => ({
      operator: "ReverseSequence",
      domain: "",
      version: 10,
      attributes: { batch_axis: int(batch), time_axis: int(1 - batch) },
      inputs: [
        { dtype, dims },
        { dtype: "i64" as const, dims: [lengths.length] },
      ],
      values: { 1: i64Tensor([lengths.length], lengths) },
    })),
);

const PRODUCTS: readonly DefinitionCase[] = (["f32", "f16", "f64", "i32", "u64"] as const).flatMap(
  (dtype) =>
    [
      { dims: [23], attributes: {} },
      { dims: [2, 9, 5], attributes: { exclusive: int(1) } },
      { dims: [2, 9, 5], attributes: { reverse: int(1), exclusive: int(1) } },
    ].map(({ dims, attributes }) => ({
      operator: "CumProd",
      domain: "",
      version: 26,
      attributes,
      inputs: [
        { dtype, dims },
        { dtype: "i64" as const, dims: [] },
      ],
      values: { 1: i64Tensor([], [dims.length > 1 ? 1 : 0]) },
    })),
);

export const SELECTION_CASES: readonly DefinitionCase[] = [
  ...TOP_K,
  OLD_TOP_K,
  ...ONE_HOTS,
  ...CONDITIONS,
  ...REVERSALS,
  ...PRODUCTS,
];
