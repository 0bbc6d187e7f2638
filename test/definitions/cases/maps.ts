import { type AttributeValue, DTYPES, type DType } from "../../../operators/index.js";
import { float, int, text } from "../../support/run-definition.js";
import { tensorFrom } from "../../support/tensors.js";
import type { DefinitionCase } from "./types.js";

/** Maps: every operator and dtype on shapes around the widths of vectors, and under broadcasting. */

type Shape = readonly number[];

const HALVES: readonly DType[] = ["f16", "bf16"];
const FUNCTION_FLOATS: readonly DType[] = ["f32", ...HALVES];
const FLOATS: readonly DType[] = [...FUNCTION_FLOATS, "f64"];
const SIGNED: readonly DType[] = ["i8", "i16", "i32", "i64"];
const UNSIGNED: readonly DType[] = ["u8", "u16", "u32", "u64"];
const INTEGERS = [...SIGNED, ...UNSIGNED];
const NUMBERS = [...FLOATS, ...INTEGERS];
const ANY: readonly DType[] = [...NUMBERS, "bool"];

/** Lengths that fill, miss and straddle vectors of 2 to 16 elements. */
const LENGTHS: readonly Shape[] = [[], [0], [1], [3], [4], [17], [2, 33]];
const FEW_LENGTHS: readonly Shape[] = [[0, 3], [], [35]];

const PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[33], [33]],
  [[33], []],
  [[], [5]],
  [
    [3, 5],
    [3, 1],
  ],
  [
    [2, 3, 4, 5],
    [3, 1, 1],
  ],
  [
    [2, 1, 7],
    [1, 19, 1],
  ],
  [
    [0, 4],
    [1, 4],
  ],
];
const FEW_PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[19], [19]],
  [
    [3, 1, 5],
    [2, 1],
  ],
];

interface Family {
  readonly operator: string;
  readonly version: number;
  readonly dtypes: readonly DType[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly domain?: string;
}

const name = (f: Family) => ({
  operator: f.operator,
  domain: f.domain ?? "",
  version: f.version,
  attributes: f.attributes ?? {},
});

/** f32 over all shapes, the other dtypes over a few. */
function unary(f: Family): DefinitionCase[] {
  return f.dtypes.flatMap((dtype, i) =>
    (i === 0 ? LENGTHS : FEW_LENGTHS).map((dims) => ({ ...name(f), inputs: [{ dtype, dims }] })),
  );
}

function binary(f: Family): DefinitionCase[] {
  return f.dtypes.flatMap((dtype, i) =>
    (i === 0 ? PAIRS : FEW_PAIRS).map((pair) => ({
      ...name(f),
      inputs: pair.map((dims) => ({ dtype, dims })),
    })),
  );
}

const UNARY: readonly Family[] = [
  { operator: "Abs", version: 13, dtypes: NUMBERS },
  { operator: "Acos", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Acosh", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Asin", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Asinh", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Atan", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Atanh", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "BitwiseNot", version: 18, dtypes: INTEGERS },
  { operator: "Ceil", version: 13, dtypes: FLOATS },
  { operator: "Celu", version: 12, dtypes: FUNCTION_FLOATS, attributes: { alpha: float(1.7) } },
  { operator: "Cos", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Cosh", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Elu", version: 22, dtypes: FUNCTION_FLOATS, attributes: { alpha: float(0.7) } },
  { operator: "Erf", version: 13, dtypes: FUNCTION_FLOATS },
  { operator: "Exp", version: 13, dtypes: FUNCTION_FLOATS },
  { operator: "FastGelu", version: 1, dtypes: FUNCTION_FLOATS, domain: "com.microsoft" },
  { operator: "Floor", version: 13, dtypes: FLOATS },
  { operator: "Gelu", version: 20, dtypes: FUNCTION_FLOATS },
  {
    operator: "Gelu",
    version: 20,
    dtypes: FUNCTION_FLOATS,
    attributes: { approximate: text("tanh") },
  },
  { operator: "Gelu", version: 1, dtypes: ["f32"], domain: "com.microsoft" },
  { operator: "HardSigmoid", version: 22, dtypes: FLOATS, attributes: { alpha: float(0.3) } },
  { operator: "HardSwish", version: 22, dtypes: FLOATS },
  { operator: "IsInf", version: 20, dtypes: FLOATS },
  { operator: "IsInf", version: 20, dtypes: ["f32"], attributes: { detect_negative: int(0) } },
  { operator: "IsNaN", version: 20, dtypes: FLOATS },
  { operator: "LeakyRelu", version: 16, dtypes: FLOATS, attributes: { alpha: float(0.1) } },
  { operator: "Log", version: 13, dtypes: FUNCTION_FLOATS },
  { operator: "Mish", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Neg", version: 13, dtypes: [...FLOATS, ...SIGNED] },
  { operator: "Not", version: 1, dtypes: ["bool"] },
  { operator: "QuickGelu", version: 1, dtypes: FUNCTION_FLOATS, domain: "com.microsoft" },
  { operator: "Reciprocal", version: 13, dtypes: FLOATS },
  { operator: "Relu", version: 14, dtypes: [...FLOATS, ...SIGNED] },
  { operator: "Round", version: 22, dtypes: FLOATS },
  { operator: "Selu", version: 22, dtypes: FUNCTION_FLOATS },
  {
    operator: "Shrink",
    version: 9,
    dtypes: FLOATS,
    attributes: { lambd: float(0.3), bias: float(0.1) },
  },
  { operator: "Sigmoid", version: 13, dtypes: FUNCTION_FLOATS },
  { operator: "Sign", version: 13, dtypes: NUMBERS },
  { operator: "Sin", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Sinh", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Softplus", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Softsign", version: 22, dtypes: FLOATS },
  { operator: "Sqrt", version: 13, dtypes: FLOATS },
  { operator: "Swish", version: 24, dtypes: FUNCTION_FLOATS, attributes: { alpha: float(1.5) } },
  { operator: "Tan", version: 22, dtypes: FUNCTION_FLOATS },
  { operator: "Tanh", version: 13, dtypes: FUNCTION_FLOATS },
  { operator: "ThresholdedRelu", version: 22, dtypes: FLOATS },
];

const BINARY: readonly Family[] = [
  { operator: "Add", version: 14, dtypes: NUMBERS },
  { operator: "And", version: 7, dtypes: ["bool"] },
  { operator: "BitShift", version: 11, dtypes: UNSIGNED, attributes: { direction: text("LEFT") } },
  { operator: "BitShift", version: 11, dtypes: UNSIGNED, attributes: { direction: text("RIGHT") } },
  { operator: "BitwiseAnd", version: 18, dtypes: INTEGERS },
  { operator: "BitwiseOr", version: 18, dtypes: INTEGERS },
  { operator: "BitwiseXor", version: 18, dtypes: INTEGERS },
  { operator: "Div", version: 14, dtypes: NUMBERS },
  { operator: "Equal", version: 19, dtypes: ANY },
  { operator: "Greater", version: 13, dtypes: NUMBERS },
  { operator: "GreaterOrEqual", version: 16, dtypes: NUMBERS },
  { operator: "Less", version: 13, dtypes: NUMBERS },
  { operator: "LessOrEqual", version: 16, dtypes: NUMBERS },
  { operator: "Max", version: 13, dtypes: NUMBERS },
  { operator: "Min", version: 13, dtypes: NUMBERS },
  { operator: "Mod", version: 13, dtypes: INTEGERS },
  {
    operator: "Mod",
    version: 13,
    dtypes: [...FUNCTION_FLOATS, ...INTEGERS],
    attributes: { fmod: int(1) },
  },
  { operator: "Mul", version: 14, dtypes: NUMBERS },
  { operator: "Or", version: 7, dtypes: ["bool"] },
  { operator: "PRelu", version: 16, dtypes: [...FLOATS, "i32", "i64", "u32", "u64"] },
  { operator: "Pow", version: 15, dtypes: [...FUNCTION_FLOATS, "i32", "i64"] },
  { operator: "Sub", version: 14, dtypes: NUMBERS },
  { operator: "Sum", version: 13, dtypes: FLOATS },
  { operator: "Xor", version: 7, dtypes: ["bool"] },
];

/** Three operands of different shapes, left to right. */
const VARIADIC: readonly DefinitionCase[] = ["Max", "Mean", "Min", "Sum"].flatMap((operator) =>
  FLOATS.map((dtype) => ({
    operator,
    domain: "",
    version: 13,
    attributes: {},
    inputs: [
      { dtype, dims: [4, 9] },
      { dtype, dims: [9] },
      { dtype, dims: [4, 1] },
    ],
  })),
);

/** All pairs of dtypes, over a length that straddles vectors. */
const CASTS: readonly DefinitionCase[] = ANY.flatMap((from) =>
  ANY.flatMap((to) => [
    {
      operator: "Cast",
      domain: "",
      version: 25,
      attributes: { to: int(DTYPES[to].code) },
      inputs: [{ dtype: from, dims: [37] }],
    },
  ]),
);

/** Exponents of another dtype than the base. */
const MIXED_POWERS: readonly DefinitionCase[] = (
  [
    ["f32", "i32"],
    ["f32", "i64"],
    ["f16", "f32"],
    ["f32", "f64"],
    ["f32", "u64"],
    ["i32", "f32"],
    ["i64", "f32"],
    ["i32", "u8"],
    ["i64", "u32"],
    ["i64", "u64"],
  ] as const
).map(([base, exponent]) => ({
  operator: "Pow",
  domain: "",
  version: 15,
  attributes: {},
  inputs: [
    { dtype: base, dims: [3, 7] },
    { dtype: exponent, dims: [7] },
  ],
}));

const CLIPS: readonly DefinitionCase[] = NUMBERS.flatMap((dtype) => {
  const bound = { dtype, dims: [] };
  const base = { operator: "Clip", domain: "", version: 13, attributes: {} };
  const x = { dtype, dims: [2, 17] };
  return [
    { ...base, inputs: [x, bound, bound] },
    { ...base, inputs: [x, undefined, bound] },
    { ...base, inputs: [x, bound], values: { 1: tensorFrom(dtype, [], [dtypeOne(dtype)]) } },
  ];
});

function dtypeOne(dtype: DType): number | bigint {
  return DTYPES[dtype].register === "i64" ? 1n : 1;
}

const WHERES: readonly DefinitionCase[] = ANY.map((dtype) => ({
  operator: "Where",
  domain: "",
  version: 16,
  attributes: {},
  inputs: [
    { dtype: "bool", dims: [3, 1, 5] },
    { dtype, dims: [7, 5] },
    { dtype, dims: [] },
  ],
}));

const OTHERS: readonly DefinitionCase[] = [
  {
    operator: "FastGelu",
    domain: "com.microsoft",
    version: 1,
    attributes: {},
    inputs: [
      { dtype: "f32", dims: [3, 21] },
      { dtype: "f32", dims: [21] },
    ],
    note: "with bias",
  },
  {
    operator: "CastLike",
    domain: "",
    version: 19,
    attributes: {},
    inputs: [
      { dtype: "i64", dims: [9] },
      { dtype: "bf16", dims: [0] },
    ],
  },
  {
    operator: "Clip",
    domain: "",
    version: 6,
    attributes: { max: float(2) },
    inputs: [{ dtype: "f32", dims: [18] }],
    note: "bounds as attributes",
  },
  {
    operator: "Add",
    domain: "",
    version: 6,
    attributes: { broadcast: int(1), axis: int(1) },
    inputs: [
      { dtype: "f32", dims: [2, 3, 5] },
      { dtype: "f32", dims: [3] },
    ],
    note: "broadcast at an axis",
  },
  {
    operator: "PRelu",
    domain: "",
    version: 6,
    attributes: {},
    inputs: [
      { dtype: "f32", dims: [2, 3, 5] },
      { dtype: "f32", dims: [3] },
    ],
    note: "slope per channel",
  },
];

export const MAP_CASES: readonly DefinitionCase[] = [
  ...UNARY.flatMap(unary),
  ...BINARY.flatMap(binary),
  ...VARIADIC,
  ...CASTS,
  ...MIXED_POWERS,
  ...CLIPS,
  ...WHERES,
  ...OTHERS,
];
