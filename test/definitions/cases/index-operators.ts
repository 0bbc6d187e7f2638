import {
  type AttributeValue,
  type DType,
  i64Tensor,
  type Tensor,
} from "../../../operators/index.js";
import { int, ints, text } from "../../support/run-definition.js";
import { tensorFrom } from "../../support/tensors.js";
import type { DefinitionCase } from "./types.js";

/** Index operators: each form, every element size, strides, empty and long axes. */

/** One dtype per element size, and the ones that reading could change. */
const SIZES: readonly DType[] = ["f32", "u8", "bool", "f16", "bf16", "i16", "i64", "f64", "u32"];
const list = (...values: number[]): Tensor => i64Tensor([values.length], values);

interface Form {
  readonly operator: string;
  readonly version: number;
  readonly dims: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Inputs after the first, as values. */
  readonly rest?: readonly Tensor[];
  readonly outputs?: number;
  readonly dtypes?: readonly DType[];
}

function casesOf(form: Form): DefinitionCase[] {
  const rest = form.rest ?? [];
  return (form.dtypes ?? SIZES).map((dtype) => ({
    operator: form.operator,
    domain: "",
    version: form.version,
    attributes: form.attributes ?? {},
    inputs: [{ dtype, dims: form.dims }, ...rest.map((t) => ({ dtype: t.dtype, dims: t.dims }))],
    values: Object.fromEntries(rest.map((t, i) => [i + 1, t])),
    ...(form.outputs ? { outputs: form.outputs } : {}),
  }));
}

const COPIES: readonly Form[] = [
  { operator: "Identity", version: 25, dims: [3, 7] },
  { operator: "Identity", version: 25, dims: [] },
  { operator: "Reshape", version: 25, dims: [3, 4], rest: [list(2, -1)] },
  { operator: "Flatten", version: 25, dims: [2, 3, 5] },
  { operator: "Squeeze", version: 25, dims: [1, 5, 1] },
  { operator: "Squeeze", version: 11, dims: [1, 5], attributes: { axes: ints(0) } },
  { operator: "Unsqueeze", version: 25, dims: [5], rest: [list(0, -1)] },
  { operator: "Unsqueeze", version: 11, dims: [5], attributes: { axes: ints(1) } },
  { operator: "Dropout", version: 13, dims: [19], outputs: 2, dtypes: ["f32", "f16", "f64"] },
  { operator: "Dropout", version: 7, dims: [19], outputs: 2, dtypes: ["f32", "bf16", "f64"] },
];

const TRANSPOSES: readonly Form[] = [
  [[2, 3], undefined],
  [[33, 17], undefined],
  [
    [2, 3, 4, 5],
    [0, 2, 1, 3],
  ],
  [
    [2, 3, 4, 5],
    [0, 2, 3, 1],
  ],
  [
    [2, 3, 4, 5],
    [3, 1, 0, 2],
  ],
  [
    [1, 16, 1, 8],
    [0, 3, 2, 1],
  ],
  [[0, 3], undefined],
  [[], undefined],
].map(([dims, perm]) => ({
  operator: "Transpose",
  version: 25,
  dims: dims as number[],
  ...(perm ? { attributes: { perm: ints(...perm) } } : {}),
}));

const SLICES: readonly Form[] = [
  { dims: [20], rest: [list(3), list(19)] },
  { dims: [20], rest: [list(-1), list(-21), list(0), list(-1)] },
  { dims: [5, 37], rest: [list(1, 2), list(4, 36), list(0, 1), list(2, 5)] },
  { dims: [5, 9, 3], rest: [list(2), list(7), list(1)] },
  { dims: [5, 9, 3], rest: [list(8), list(0), list(1), list(-3)] },
  { dims: [4, 4], rest: [list(4), list(9), list(0)] },
].map((f) => ({ operator: "Slice", version: 13, ...f }));

const PADS: readonly Form[] = ["constant", "edge", "reflect", "wrap"].flatMap((mode) =>
  [
    { dims: [9], rest: [list(3, 4)] },
    { dims: [2, 3, 5], rest: [list(0, 1, 2, 0, 2, 1)] },
    { dims: [4, 20], rest: [list(-1, 3, 0, -2)] },
    { dims: [1, 2], rest: [list(5, 7, 6, 8)] },
  ].map((f) => ({
    operator: "Pad",
    version: 25,
    attributes: { mode: text(mode) },
    dtypes: ["f32", "u8", "f16", "i64"] as const,
    ...f,
  })),
);

const PAD_VALUES: readonly DefinitionCase[] = (["f32", "i8", "i64", "bf16", "f64"] as const).map(
  (dtype) => ({
    operator: "Pad",
    domain: "",
    version: 18,
    attributes: {},
    inputs: [
      { dtype, dims: [3, 2, 7] },
      { dtype: "i64", dims: [4] },
      { dtype, dims: [] },
      { dtype: "i64", dims: [2] },
    ],
    values: { 1: list(1, 2, 0, 3), 3: list(0, -1) },
    note: "a value read at run time, on two axes",
  }),
);

const PIECES: readonly Form[] = [
  { operator: "Split", version: 18, dims: [7], attributes: { num_outputs: int(3) }, outputs: 3 },
  {
    operator: "Split",
    version: 13,
    dims: [2, 9, 5],
    attributes: { axis: int(1) },
    rest: [list(4, 0, 5)],
    outputs: 3,
  },
  {
    operator: "Split",
    version: 11,
    dims: [3, 33],
    attributes: { axis: int(-1), split: ints(16, 17) },
    outputs: 2,
  },
];

const REPEATS: readonly Form[] = [
  { operator: "Expand", version: 13, dims: [3, 1, 5], rest: [list(2, 3, 17, 5)] },
  { operator: "Expand", version: 13, dims: [], rest: [list(35)] },
  { operator: "Expand", version: 13, dims: [1, 6], rest: [list(0, 1)] },
  { operator: "Tile", version: 13, dims: [5], rest: [list(7)] },
  { operator: "Tile", version: 13, dims: [2, 3, 4], rest: [list(2, 1, 3)] },
  { operator: "Tile", version: 13, dims: [2, 3, 4], rest: [list(1, 5, 1)] },
];

const GATHERS: readonly Form[] = [
  { dims: [6], rest: [i64Tensor([2, 3], [0, 5, -1, -6, 6, -7])] },
  { dims: [4, 19], rest: [tensorFrom("i32", [3], [3, -4, 9])] },
  { dims: [3, 5, 4], attributes: { axis: int(1) }, rest: [i64Tensor([4], [4, 0, -1, 2])] },
  { dims: [3, 5], attributes: { axis: int(-1) }, rest: [i64Tensor([], [-2])] },
  { dims: [3, 5], rest: [i64Tensor([0], [])] },
  { dims: [3], rest: [i64Tensor([4], [2n ** 63n - 1n, -(2n ** 63n), 2n ** 40n, 1n])] },
].map((f) => ({ operator: "Gather", version: 13, ...f }));

const ELEMENT_GATHERS: readonly Form[] = [
  {
    operator: "GatherElements",
    version: 13,
    dims: [3, 5],
    attributes: { axis: int(1) },
    rest: [i64Tensor([2, 6], [0, 4, -1, -5, 5, -6, 1, 1, 2, 2, 3, 3])],
  },
  {
    operator: "GatherElements",
    version: 13,
    dims: [4, 19],
    rest: [
      tensorFrom(
        "i32",
        [1, 17],
        Array.from({ length: 17 }, (_, i) => (i % 7) - 3),
      ),
    ],
  },
  {
    operator: "GatherND",
    version: 13,
    dims: [3, 4, 5],
    rest: [i64Tensor([2, 2], [2, -1, -3, 4])],
  },
  {
    operator: "GatherND",
    version: 13,
    dims: [2, 4, 18],
    attributes: { batch_dims: int(1) },
    rest: [i64Tensor([2, 3, 1], [0, 3, -1, 2, 4, -5])],
  },
];

const BLOCKS: readonly Form[] = [
  { operator: "DepthToSpace", dims: [2, 12, 2, 3], attributes: { blocksize: int(2) } },
  {
    operator: "DepthToSpace",
    dims: [1, 9, 5, 4],
    attributes: { blocksize: int(3), mode: text("CRD") },
  },
  { operator: "SpaceToDepth", dims: [2, 3, 4, 6], attributes: { blocksize: int(2) } },
].map((f) => ({ version: 13, ...f }));

const TRIANGLES: readonly Form[] = [
  { dims: [5, 7] },
  { dims: [5, 7], attributes: { upper: int(0) } },
  { dims: [2, 4, 19], rest: [i64Tensor([], [3])] },
  { dims: [2, 4, 3], rest: [i64Tensor([], [-2])], attributes: { upper: int(0) } },
  { dims: [3, 3], rest: [i64Tensor([], [2n ** 62n])] },
].map((f) => ({ operator: "Trilu", version: 14, ...f }));

const CONCATS: readonly DefinitionCase[] = SIZES.flatMap((dtype) =>
  [
    { axis: 0, shapes: [[3], [0], [17]] },
    {
      axis: 1,
      shapes: [
        [2, 3, 5],
        [2, 1, 5],
        [2, 4, 5],
      ],
    },
    {
      axis: -1,
      shapes: [
        [4, 8],
        [4, 16],
        [4, 3],
      ],
    },
    { axis: 0, shapes: [[7]] },
    { axis: 0, shapes: Array.from({ length: 70 }, () => [1, 2]) },
  ].map(({ axis, shapes }) => ({
    operator: "Concat",
    domain: "",
    version: 13,
    attributes: { axis: int(axis) },
    inputs: shapes.map((dims) => ({ dtype, dims })),
  })),
);

const RANGES: readonly DefinitionCase[] = [
  ["f32", 0.1, 9.7, 0.3],
  ["f16", 0.1, 3, 0.3],
  ["bf16", 1, 40, 1.5],
  ["f64", 3, -2, -0.25],
  ["i32", 2147483640, 2147483647, 2],
  ["i16", -5, 30, 1],
  ["i64", 9, -31, -2],
].map(([dtype, ...numbers]) => rangeCase(dtype as DType, numbers as number[]));

function rangeCase(dtype: DType, numbers: readonly number[]): DefinitionCase {
  const scalars = numbers.map((v) => tensorFrom(dtype, [], [v]));
  return {
    operator: "Range",
    domain: "",
    version: 11,
    attributes: {},
    inputs: scalars.map(() => ({ dtype, dims: [] })),
    values: Object.fromEntries(scalars.map((t, i) => [i, t])),
  };
}

export const INDEX_CASES: readonly DefinitionCase[] = [
  ...[
    ...COPIES,
    ...TRANSPOSES,
    ...SLICES,
    ...PADS,
    ...PIECES,
    ...REPEATS,
    ...GATHERS,
    ...ELEMENT_GATHERS,
    ...BLOCKS,
    ...TRIANGLES,
  ].flatMap(casesOf),
  ...PAD_VALUES,
  ...CONCATS,
  ...RANGES,
];
