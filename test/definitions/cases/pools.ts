import type { AttributeValue, DType } from "../../../operators/index.js";
import { int, ints, text } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** Pools: windows of fewer and more than 32 cells, padding, overhang, dilation. */

type Shape = readonly number[];

interface Pool {
  readonly x: Shape;
  readonly kernel: Shape;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

const POOLS: readonly Pool[] = [
  { x: [1, 1, 1], kernel: [1] },
  { x: [2, 3, 33], kernel: [2], attributes: { strides: ints(2) } },
  { x: [1, 2, 40], kernel: [35], attributes: { pads: ints(3, 4) } },
  { x: [1, 3, 8, 8], kernel: [2, 2], attributes: { strides: ints(2, 2) } },
  { x: [1, 4, 13, 19], kernel: [3, 3], attributes: { strides: ints(2, 2) } },
  { x: [2, 2, 7, 9], kernel: [3, 3], attributes: { pads: ints(1, 1, 1, 1) } },
  {
    x: [1, 2, 8, 8],
    kernel: [3, 3],
    attributes: { strides: ints(2, 2), ceil_mode: int(1) },
  },
  {
    x: [1, 2, 7, 7],
    kernel: [2, 3],
    attributes: { strides: ints(3, 2), pads: ints(1, 2, 0, 1), ceil_mode: int(1) },
  },
  { x: [1, 2, 9, 17], kernel: [2, 3], attributes: { dilations: ints(2, 3) } },
  { x: [1, 2, 5, 5], kernel: [2, 2], attributes: { auto_pad: text("SAME_UPPER") } },
  {
    x: [1, 2, 6, 5],
    kernel: [3, 2],
    attributes: { auto_pad: text("SAME_LOWER"), strides: ints(2, 2) },
  },
  { x: [1, 3, 7, 7], kernel: [7, 7] },
  { x: [1, 2, 12, 12], kernel: [8, 8], attributes: { pads: ints(2, 2, 2, 2) } },
  { x: [1, 1, 4, 40], kernel: [2, 32] },
  { x: [2, 2, 4, 5, 6], kernel: [2, 2, 3], attributes: { pads: ints(1, 1, 1, 0, 1, 1) } },
  { x: [1, 1, 5, 5, 5], kernel: [4, 4, 4] },
  { x: [0, 2, 4, 4], kernel: [2, 2] },
  { x: [1, 2, 2, 2], kernel: [1, 1], attributes: { pads: ints(1, 0, 0, 1) } },
];

const FLOATS: readonly DType[] = ["f32", "f16", "bf16", "f64"];
const MAX_DTYPES: readonly DType[] = [...FLOATS, "i8", "u8"];

/** f32 everywhere, the other dtypes on every fourth window. */
function spread(dtypes: readonly DType[], i: number): readonly DType[] {
  return dtypes.filter((_, d) => d === 0 || i % 4 === 0);
}

function of(
  operator: string,
  dtype: DType,
  pool: Pool,
  extra: Readonly<Record<string, AttributeValue>> = {},
): DefinitionCase {
  return {
    operator,
    domain: "",
    version: 22,
    attributes: { kernel_shape: ints(...pool.kernel), ...pool.attributes, ...extra },
    inputs: [{ dtype, dims: pool.x }],
  };
}

const maxPools = POOLS.flatMap((pool, i) => [
  ...spread(MAX_DTYPES, i).map((dtype) => of("MaxPool", dtype, pool)),
  ...spread(MAX_DTYPES, i + 2).map((dtype) => ({
    ...of("MaxPool", dtype, pool, { storage_order: int(i % 2) }),
    outputs: 2,
  })),
]);

const averagePools = POOLS.flatMap((pool, i) => [
  ...spread(FLOATS, i).map((dtype) => of("AveragePool", dtype, pool)),
  of("AveragePool", "f32", pool, { count_include_pad: int(1) }),
]);

const globalPools = ["GlobalAveragePool", "GlobalMaxPool"].flatMap((operator) =>
  [
    [1, 1, 1],
    [2, 3, 5],
    [1, 5, 4, 8],
    [2, 4, 13, 13],
    [1, 2, 3, 4, 5],
    [0, 2, 3],
    [2, 2, 0],
  ].flatMap((dims, i) =>
    spread(FLOATS, i).map(
      (dtype): DefinitionCase => ({
        operator,
        domain: "",
        version: 1,
        attributes: {},
        inputs: [{ dtype, dims }],
      }),
    ),
  ),
);

export const POOL_CASES: readonly DefinitionCase[] = [...maxPools, ...averagePools, ...globalPools];
