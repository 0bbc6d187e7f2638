import type { AttributeValue, DType } from "../../../operators/index.js";
import { float, int } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** Softmax and the norms: rows of fewer and more than 32 elements, inner axes, every float dtype. */

type Shape = readonly number[];

const FLOATS: readonly DType[] = ["f32", "f16", "bf16"];

function of(
  operator: string,
  version: number,
  dtype: DType,
  shapes: readonly Shape[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  more: Partial<DefinitionCase> = {},
): DefinitionCase {
  const inputs = shapes.map((dims) => ({ dtype, dims }));
  return { operator, domain: "", version, attributes, inputs, ...more };
}

/** f32 everywhere, the other dtypes on every third shape. */
const spread = (i: number): readonly DType[] => FLOATS.filter((_, d) => d === 0 || i % 3 === 1);

const ROWS: readonly (readonly [Shape, number])[] = [
  [[1], 0],
  [[5], -1],
  [[3, 32], 1],
  [[3, 33], -1],
  [[2, 40, 3], 1],
  [[4, 10, 1], 0],
  [[7, 1000], 1],
  [[0, 3], 1],
  [[3, 0], 1],
  [[2, 3, 4, 5], 2],
];

const softmax = ["Softmax", "LogSoftmax"].flatMap((operator) =>
  ROWS.flatMap(([dims, axis], i) =>
    spread(i).flatMap((dtype) => [
      of(operator, 13, dtype, [dims], { axis: int(axis) }),
      of(operator, 11, dtype, [dims], { axis: int(axis) }),
    ]),
  ),
);

const layer = ROWS.flatMap(([dims, axis], i) => {
  const from = axis < 0 ? axis + dims.length : axis;
  const tail = dims.slice(from);
  const attributes = { axis: int(axis), epsilon: float(1e-3) };
  return spread(i).flatMap((dtype) => [
    of("LayerNormalization", 17, dtype, [dims, tail, tail], attributes, { outputs: 3 }),
    of("LayerNormalization", 17, dtype, [dims, tail.slice(-1)], attributes),
    of("RMSNormalization", 23, dtype, [dims, tail], attributes),
    of("SimplifiedLayerNormalization", 1, dtype, [dims, tail], attributes, { outputs: 2 }),
    of("SimplifiedLayerNormalization", 1, dtype, [dims, tail], attributes, {
      domain: "com.microsoft",
    }),
  ]);
});

const IMAGES: readonly Shape[] = [
  [1, 4, 1],
  [2, 4, 5, 7],
  [1, 8, 13, 13],
  [2, 4, 3],
  [2, 4, 2, 3, 4],
  [0, 4, 3],
];

const images = IMAGES.flatMap((dims, i) => {
  const channels = [dims[1] as number];
  return spread(i).flatMap((dtype) => [
    of("BatchNormalization", 15, dtype, [dims, ...new Array<Shape>(4).fill(channels)]),
    of("InstanceNormalization", 6, dtype, [dims, channels, channels], { epsilon: float(0.01) }),
    of("GroupNormalization", 21, dtype, [dims, channels, channels], { num_groups: int(2) }),
    of("GroupNormalization", 18, dtype, [dims, [2], [2]], { num_groups: int(2) }),
    of("LRN", 13, dtype, [dims], { size: int(3) }),
    of("LRN", 13, dtype, [dims], { size: int(6), alpha: float(0.3), beta: float(0.5) }),
  ]);
});

const mixed: DefinitionCase[] = [
  of("BatchNormalization", 9, "f32", [[3, 5], [5], [5], [5], [5]]),
  of("LRN", 1, "f32", [[1, 50, 3]], { size: int(41) }),
  {
    ...of("BatchNormalization", 15, "f16", []),
    inputs: (["f16", "f32", "f32", "bf16", "f32"] as const).map((dtype, i) => ({
      dtype,
      dims: i === 0 ? [2, 3, 4] : [3],
    })),
  },
];

export const NORM_CASES: readonly DefinitionCase[] = [...softmax, ...layer, ...images, ...mixed];
