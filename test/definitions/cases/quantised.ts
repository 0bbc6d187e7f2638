import { type AttributeValue, DTYPES, type DType } from "../../../operators/index.js";
import { int, ints } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** The quantised family: every dtype on a few shapes, scales per tensor, axis, block, row and column. */

type Input = readonly [DType, readonly number[]] | undefined;

function node(
  operator: string,
  version: number,
  inputs: readonly Input[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  outputs = 1,
): DefinitionCase {
  return {
    operator,
    domain: "",
    version,
    attributes,
    outputs,
    inputs: inputs.map((t) => t && { dtype: t[0], dims: t[1] }),
  };
}

const QUANTISED: readonly DType[] = ["u8", "i8", "u16", "i16"];
const SCALES: readonly DType[] = ["f32", "f16", "bf16"];

const quantize: DefinitionCase[] = [
  ...QUANTISED.flatMap((q) => [
    node("QuantizeLinear", 13, [
      ["f32", [2, 19]],
      ["f32", []],
      [q, []],
    ]),
    node("QuantizeLinear", 21, [
      ["f32", [2, 19]],
      ["f32", [19]],
      [q, [19]],
    ]),
    node("DequantizeLinear", 21, [
      [q, [2, 19]],
      ["f32", []],
      [q, []],
    ]),
    node("DequantizeLinear", 21, [
      [q, [3, 5, 4]],
      ["f16", [5]],
      [q, [5]],
    ]),
  ]),
  ...[...SCALES, "i32" as const].flatMap((x) =>
    SCALES.map((scale) =>
      node("QuantizeLinear", 23, [
        [x, [37]],
        [scale, [1]],
        ["i8", []],
      ]),
    ),
  ),
  ...SCALES.map((scale) =>
    node("DequantizeLinear", 19, [
      ["i32", [33]],
      [scale, []],
      ["i32", []],
    ]),
  ),
  node("QuantizeLinear", 10, [
    ["f32", [0, 3]],
    ["f32", []],
  ]),
  node(
    "QuantizeLinear",
    25,
    [
      ["f32", [2, 3, 7]],
      ["f32", [3]],
    ],
    { output_dtype: int(DTYPES.i16.code), axis: int(-2), precision: int(1) },
  ),
  node("DequantizeLinear", 10, [
    ["u8", []],
    ["f32", []],
  ]),
  node(
    "DequantizeLinear",
    23,
    [
      ["u8", [17]],
      ["f32", []],
    ],
    { output_dtype: int(DTYPES.bf16.code) },
  ),
];

/** Blocks that divide the axis, that do not, that exceed it, of one. */
const blocked = (
  [
    [[2, 6, 5], [2, 3, 5], 1, 2],
    [[2, 7, 5], [2, 3, 5], 1, 3],
    [[3, 4], [3, 1], 1, 9],
    [[8, 3], [2, 3], 0, 4],
    [[3, 37], [3, 10], -1, 4],
    [[3, 4], [3, 4], 1, 1],
  ] as const
).flatMap(([x, scale, axis, block]) => {
  const attributes = { axis: int(axis), block_size: int(block) };
  return [
    node(
      "QuantizeLinear",
      21,
      [
        ["f32", x],
        ["f32", scale],
        ["u8", scale],
      ],
      attributes,
    ),
    node(
      "DequantizeLinear",
      21,
      [
        ["i8", x],
        ["f32", scale],
        ["i8", scale],
      ],
      attributes,
    ),
  ];
});

const dynamic = [[], [0], [3], [33], [4, 70]].flatMap((dims) =>
  [1, 3].map((outputs) => node("DynamicQuantizeLinear", 11, [["f32", dims]], {}, outputs)),
);

interface Product {
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** Dims of the parameters of A, of B and of Y. */
  readonly parameters: readonly [readonly number[], readonly number[], readonly number[]];
}

const PRODUCTS: readonly Product[] = [
  { a: [2, 3], b: [3, 17], parameters: [[], [], []] },
  { a: [5, 40], b: [40, 33], parameters: [[5], [33], [5]] },
  { a: [7], b: [7, 5], parameters: [[1], [5], [1]] },
  { a: [5, 7], b: [7], parameters: [[5, 1], [1], []] },
  {
    a: [2, 3, 4, 5],
    b: [5, 6],
    parameters: [
      [2, 3, 4, 1],
      [1, 6],
      [2, 3, 4, 1],
    ],
  },
  { a: [2, 1, 4, 5], b: [3, 5, 6], parameters: [[4, 1], [3, 1, 6], [4]] },
  { a: [4, 0], b: [0, 3], parameters: [[], [3], []] },
];

const BYTES: readonly (readonly [DType, DType, DType])[] = [
  ["u8", "u8", "u8"],
  ["u8", "i8", "i8"],
  ["i8", "u8", "u8"],
  ["i8", "i8", "i8"],
];

const products = PRODUCTS.flatMap(({ a, b, parameters: [pa, pb, py] }, i) =>
  BYTES.filter((_, t) => i < 2 || t === i % 4).flatMap(([ta, tb, ty], t) => {
    const scale = SCALES[t % 3] as DType;
    return [
      node("MatMulInteger", 10, [
        [ta, a],
        [tb, b],
        [ta, pa],
        [tb, pb],
      ]),
      node("QLinearMatMul", 21, [
        [ta, a],
        [scale, pa],
        [ta, pa],
        [tb, b],
        [scale, pb],
        [tb, pb],
        [scale, py],
        [ty, py],
      ]),
    ];
  }),
);

const CONVOLUTIONS: readonly {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}[] = [
  { x: [1, 1, 3, 3], w: [1, 1, 2, 2] },
  { x: [2, 3, 7, 19], w: [8, 3, 3, 3], attributes: { pads: ints(1, 1, 1, 1) } },
  {
    x: [1, 4, 6, 6],
    w: [8, 1, 3, 3],
    attributes: { group: int(4), pads: ints(0, 1, 2, 1), strides: ints(2, 1) },
  },
  { x: [1, 2, 20], w: [3, 2, 4], attributes: { dilations: ints(2), pads: ints(3, 0) } },
  { x: [1, 2, 4, 5, 6], w: [3, 2, 2, 3, 2], attributes: { pads: ints(1, 0, 1, 0, 1, 0) } },
  { x: [0, 2, 4, 4], w: [3, 2, 3, 3], attributes: { pads: ints(1, 1, 1, 1) } },
];

const convolutions = CONVOLUTIONS.flatMap(({ x, w, attributes = {} }, i) => {
  const [tx, tw, ty] = BYTES[i % 4] as readonly [DType, DType, DType];
  const maps = [w[0] as number];
  return [
    node(
      "ConvInteger",
      10,
      [
        [tx, x],
        [tw, w],
      ],
      attributes,
    ),
    node("ConvInteger", 10, [[tx, x], [tw, w], [tx, []], i % 2 ? [tw, maps] : undefined], {
      ...attributes,
    }),
    ...[false, true].map((bias) =>
      node(
        "QLinearConv",
        10,
        [
          [tx, x],
          ["f32", []],
          [tx, []],
          [tw, w],
          ["f32", bias ? maps : []],
          [tw, bias ? maps : []],
          ["f32", []],
          [ty, [1]],
          ...(bias ? [["i32", maps] as const] : []),
        ],
        attributes,
      ),
    ),
  ];
});

export const QUANTISED_CASES: readonly DefinitionCase[] = [
  ...quantize,
  ...blocked,
  ...dynamic,
  ...products,
  ...convolutions,
];
