import type { AttributeValue, DType } from "../../../operators/index.js";
import { float, int, ints, text } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** Norms of windows and rows, Hardmax, and the matrix with ones on a diagonal. */

type Shape = readonly number[];
type Attributes = Readonly<Record<string, AttributeValue>>;

const FLOATS: readonly DType[] = ["f32", "f16", "bf16", "f64"];

function of(
  operator: string,
  version: number,
  dtype: DType,
  dims: Shape,
  attributes: Attributes = {},
): DefinitionCase {
  return { operator, domain: "", version, attributes, inputs: [{ dtype, dims }] };
}

/** f32 everywhere, the other dtypes on every third shape; f64 has no pow. */
const spread = (i: number, hasPow: boolean): readonly DType[] =>
  FLOATS.filter((t, d) => d === 0 || (i % 3 === 1 && !(hasPow && t === "f64")));

const WINDOWS: readonly (readonly [Shape, Attributes])[] = [
  [[1, 1, 1], { kernel_shape: ints(1) }],
  [[2, 3, 33], { kernel_shape: ints(2), strides: ints(2) }],
  [[1, 2, 40], { kernel_shape: ints(35), pads: ints(3, 4) }],
  [[1, 2, 7, 9], { kernel_shape: ints(3, 2), pads: ints(1, 1, 0, 1), dilations: ints(2, 1) }],
  [[1, 2, 6, 5], { kernel_shape: ints(3, 2), auto_pad: text("SAME_LOWER") }],
  [[2, 1, 4, 5, 6], { kernel_shape: ints(2, 2, 3), ceil_mode: int(1), strides: ints(2, 2, 2) }],
  [[0, 2, 4], { kernel_shape: ints(2) }],
];

const pools = WINDOWS.flatMap(([dims, attributes], i) =>
  [1, 2, 3].flatMap((p) =>
    spread(i, p === 3).map((dtype) => of("LpPool", 22, dtype, dims, { ...attributes, p: int(p) })),
  ),
);

const globals = (
  [
    [1, 1, 1],
    [2, 3, 5],
    [1, 2, 7, 9],
    [1, 2, 3, 4, 5],
    [2, 2, 0],
  ] as const
).flatMap((dims, i) => [
  ...[1, 2, 5].flatMap((p) =>
    spread(i, p === 5).map((dtype) => of("GlobalLpPool", 2, dtype, dims, { p: int(p) })),
  ),
  of("GlobalLpPool", 1, "f32", dims, { p: float(2.5) }),
]);

const ROWS: readonly (readonly [Shape, number])[] = [
  [[1], 0],
  [[5], -1],
  [[3, 33], -1],
  [[2, 40, 3], 1],
  [[4, 10, 1], 0],
  [[3, 4, 5], 1],
  [[0, 3], 1],
  [[3, 0], 1],
];

const rows = ROWS.flatMap(([dims, axis], i) =>
  spread(i, false).flatMap((dtype) => [
    of("LpNormalization", 22, dtype, dims, { axis: int(axis), p: int(1) }),
    of("LpNormalization", 1, dtype, dims, { axis: int(axis) }),
    of("Hardmax", 13, dtype, dims, { axis: int(axis) }),
    of("Hardmax", 11, dtype, dims, { axis: int(axis) }),
    of("MeanVarianceNormalization", 13, dtype, dims, { axes: ints(axis) }),
  ]),
);

const planes = [
  [2, 3, 4, 5],
  [1, 2, 1, 40],
].flatMap((dims) =>
  FLOATS.flatMap((dtype) => [
    of("MeanVarianceNormalization", 9, dtype, dims),
    of("MeanVarianceNormalization", 13, dtype, dims, { axes: ints(0, 1) }),
  ]),
);

const eyes = (["f32", "i8", "i64", "bool", "f16", "f64"] as const).flatMap((dtype) => [
  of("EyeLike", 22, dtype, [3, 5]),
  of("EyeLike", 9, dtype, [40, 3], { k: int(-2), dtype: int(1) }),
  of("EyeLike", 9, dtype, [2, 2], { k: int(9) }),
]);

export const POWER_NORM_CASES: readonly DefinitionCase[] = [
  ...pools,
  ...globals,
  ...rows,
  ...planes,
  ...eyes,
];
