import type { AttributeValue, DType } from "../../../operators/index.js";
import { float, int, ints, text } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** MatMul, Gemm and Conv: shapes around the contraction kernels' tiles, every dtype on a few. */

type Shape = readonly number[];

const FLOATS: readonly DType[] = ["f32", "f16", "bf16", "f64"];
const WORDS: readonly DType[] = ["i32", "i64", "u32", "u64"];

function of(
  operator: string,
  version: number,
  dtype: DType,
  shapes: readonly Shape[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): DefinitionCase {
  return {
    operator,
    domain: "",
    version,
    attributes,
    inputs: shapes.map((dims) => ({ dtype, dims })),
  };
}

const PRODUCTS: readonly (readonly [Shape, Shape])[] = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [2, 3],
    [3, 16],
  ],
  [
    [2, 64],
    [64, 16],
  ],
  [
    [3, 5],
    [5, 17],
  ],
  [
    [1, 33],
    [33, 40],
  ],
  [
    [17, 2],
    [2, 1],
  ],
  [
    [5, 1],
    [1, 70],
  ],
  [
    [4, 0],
    [0, 3],
  ],
  [
    [0, 4],
    [4, 3],
  ],
  [
    [3, 300],
    [300, 33],
  ],
  [[7], [7]],
  [[7], [7, 5]],
  [[5, 7], [7]],
  [
    [2, 3, 4, 5],
    [5, 6],
  ],
  [
    [2, 1, 4, 5],
    [3, 5, 6],
  ],
  [
    [3, 2, 4],
    [3, 4, 2],
  ],
];

const matmul = PRODUCTS.flatMap((shapes, i) =>
  [...FLOATS, ...WORDS]
    .filter((_, d) => d === 0 || i % 5 === 3)
    .map((dtype) => of("MatMul", 13, dtype, shapes)),
);

const gemm: DefinitionCase[] = [];
for (const [m, n, depth] of [
  [3, 5, 7],
  [2, 16, 32],
  [1, 33, 4],
  [19, 1, 3],
  [2, 3, 0],
] as const) {
  for (const transA of [0, 1]) {
    for (const transB of [0, 1]) {
      const a = transA ? [depth, m] : [m, depth];
      const b = transB ? [n, depth] : [depth, n];
      const attributes = { transA: int(transA), transB: int(transB) };
      gemm.push(of("Gemm", 13, "f32", [a, b], attributes));
      gemm.push(
        of("Gemm", 13, "f32", [a, b, transA ? [n] : [m, 1]], {
          ...attributes,
          alpha: float(0.7),
          beta: float(-1.5),
        }),
      );
    }
  }
}
for (const dtype of FLOATS) {
  gemm.push(of("Gemm", 13, dtype, [[3, 4], [4, 5], []], { alpha: float(0.3) }));
  gemm.push(
    of(
      "Gemm",
      9,
      dtype,
      [
        [3, 4],
        [4, 9],
        [3, 9],
      ],
      { beta: float(0) },
    ),
  );
}

for (const dtype of WORDS) {
  gemm.push(of("Gemm", 13, dtype, [[3, 4], [4, 19], [19]], { alpha: float(-3), beta: float(2) }));
}

interface Convolution {
  readonly x: Shape;
  readonly w: Shape;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

const CONVOLUTIONS: readonly Convolution[] = [
  { x: [1, 1, 1], w: [1, 1, 1] },
  { x: [2, 3, 20], w: [4, 3, 3], attributes: { pads: ints(1, 1) } },
  { x: [1, 2, 9], w: [3, 2, 4], attributes: { dilations: ints(2), strides: ints(2) } },
  { x: [1, 3, 8, 8], w: [5, 3, 3, 3] },
  { x: [2, 3, 7, 19], w: [16, 3, 3, 3], attributes: { pads: ints(1, 1, 1, 1) } },
  { x: [1, 8, 13, 13], w: [17, 8, 1, 1] },
  {
    x: [1, 3, 11, 11],
    w: [4, 3, 7, 7],
    attributes: { pads: ints(3, 3, 3, 3), strides: ints(2, 2) },
  },
  { x: [1, 4, 6, 6], w: [8, 1, 3, 3], attributes: { group: int(4), pads: ints(0, 1, 2, 1) } },
  { x: [2, 6, 5, 5], w: [6, 1, 3, 3], attributes: { group: int(6), pads: ints(1, 1, 1, 1) } },
  { x: [1, 6, 5, 5], w: [9, 2, 2, 3], attributes: { group: int(3), strides: ints(1, 2) } },
  { x: [1, 2, 9, 9], w: [2, 2, 3, 3], attributes: { dilations: ints(2, 3) } },
  { x: [1, 2, 5, 6], w: [3, 2, 2, 2], attributes: { auto_pad: text("SAME_UPPER") } },
  {
    x: [1, 2, 5, 6],
    w: [3, 2, 2, 4],
    attributes: { auto_pad: text("SAME_LOWER"), strides: ints(2, 2) },
  },
  { x: [1, 2, 5, 6], w: [3, 2, 2, 2], attributes: { auto_pad: text("VALID") } },
  { x: [1, 2, 4, 5, 6], w: [3, 2, 2, 3, 2], attributes: { pads: ints(1, 0, 1, 0, 1, 0) } },
  { x: [0, 2, 4, 4], w: [3, 2, 3, 3] },
  { x: [1, 2, 1, 1], w: [3, 2, 3, 3], attributes: { pads: ints(4, 4, 4, 4) } },
];

const conv = CONVOLUTIONS.flatMap(({ x, w, attributes = {} }, i) =>
  FLOATS.filter((_, d) => d === 0 || i % 4 === 3).flatMap((dtype) => [
    of("Conv", 22, dtype, [x, w], attributes),
    of("Conv", 11, dtype, [x, w, [w[0] as number]], attributes),
  ]),
);

export const CONTRACTION_CASES: readonly DefinitionCase[] = [...matmul, ...gemm, ...conv];
