import { type AttributeValue, type DType, i64Tensor } from "../../../operators/index.js";
import { int, ints } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** Reductions: contiguous, strided and split folds around multiples of 32, every dtype on a few. */

type Shape = readonly number[];

const FOLDS: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[1], [0]],
  [[5], [0]],
  [[32], [0]],
  [[33], [0]],
  [[3, 70], [1]],
  [[70, 3], [0]],
  [[2, 64, 5], [1]],
  [
    [3, 4, 5, 6],
    [1, 3],
  ],
  [
    [5, 3, 7],
    [0, 2],
  ],
  [
    [3, 2, 64],
    [0, 2],
  ],
  [
    [6, 2, 3, 2, 5],
    [0, 2, 4],
  ],
  [
    [2, 3, 4, 5],
    [2, 3],
  ],
  [[4, 0], [1]],
  [[0, 4], [1]],
  [
    [2, 100, 17],
    [0, 1, 2],
  ],
];

const FLOATS: readonly DType[] = ["f32", "f16", "bf16", "f64"];
const FUNCTION_FLOATS: readonly DType[] = ["f32", "f16", "bf16"];
const WORDS: readonly DType[] = ["i32", "i64", "u32", "u64"];
const NUMBERS = [...FLOATS, ...WORDS];

const REDUCTIONS: readonly (readonly [string, readonly DType[]])[] = [
  ["ReduceL1", NUMBERS],
  ["ReduceL2", FLOATS],
  ["ReduceLogSum", FUNCTION_FLOATS],
  ["ReduceLogSumExp", FUNCTION_FLOATS],
  ["ReduceMax", [...NUMBERS, "i8", "u8", "bool"]],
  ["ReduceMean", NUMBERS],
  ["ReduceMin", [...NUMBERS, "i8", "u8", "bool"]],
  ["ReduceProd", NUMBERS],
  ["ReduceSum", NUMBERS],
  ["ReduceSumSquare", NUMBERS],
];

/** f32 on every fold, the other dtypes on three. */
const spread = (dtypes: readonly DType[], i: number): readonly DType[] =>
  dtypes.filter((_, d) => d === 0 || [5, 6, 9].includes(i));

const reduce = REDUCTIONS.flatMap(([operator, dtypes]) =>
  FOLDS.flatMap(([dims, axes], i) =>
    spread(dtypes, i).map(
      (dtype): DefinitionCase => ({
        operator,
        domain: "",
        version: operator === "ReduceSum" ? 13 : 18,
        attributes: { keepdims: int(i % 2) },
        inputs: [
          { dtype, dims },
          { dtype: "i64", dims: [axes.length] },
        ],
        values: { 1: i64Tensor([axes.length], axes) },
      }),
    ),
  ),
);

const forms: DefinitionCase[] = REDUCTIONS.flatMap(([operator]) => [
  {
    operator,
    domain: "",
    version: 11,
    attributes: { axes: ints(-1) },
    inputs: [{ dtype: "f32", dims: [3, 41] }],
  },
  {
    operator,
    domain: "",
    version: operator === "ReduceSum" ? 13 : 18,
    attributes: { noop_with_empty_axes: int(1) },
    inputs: [{ dtype: "f32", dims: [3, 41] }],
  },
]);

const args = ["ArgMax", "ArgMin"].flatMap((operator) =>
  FOLDS.filter(([dims, axes]) => axes.length === 1 && dims[axes[0] as number] !== 0).flatMap(
    ([dims, axes], i) =>
      (i < 3 ? [...NUMBERS, "i8", "u8", "i16", "u16"] : ["f32"]).map(
        (dtype): DefinitionCase => ({
          operator,
          domain: "",
          version: 13,
          attributes: { axis: int(axes[0] as number), select_last_index: int(i % 2) },
          inputs: [{ dtype: dtype as DType, dims }],
        }),
      ),
  ),
);

const sums: readonly Readonly<Record<string, AttributeValue>>[] = [0, 1].flatMap((exclusive) =>
  [0, 1].map((reverse) => ({ exclusive: int(exclusive), reverse: int(reverse) })),
);
const cumulative = sums.flatMap((attributes, a) =>
  (
    [
      [[5], 0],
      [[3, 33], 1],
      [[7, 2, 5], 0],
      [[2, 0], 1],
    ] as const
  ).flatMap(([dims, axis], i) =>
    NUMBERS.filter((_, d) => d === 0 || (i === 1 && a === 0)).map(
      (dtype): DefinitionCase => ({
        operator: "CumSum",
        domain: "",
        version: 14,
        attributes,
        inputs: [
          { dtype, dims },
          { dtype: "i64", dims: [] },
        ],
        values: { 1: i64Tensor([], [axis]) },
      }),
    ),
  ),
);

export const REDUCTION_CASES: readonly DefinitionCase[] = [
  ...reduce,
  ...forms,
  ...args,
  ...cumulative,
];
