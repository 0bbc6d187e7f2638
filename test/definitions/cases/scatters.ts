import {
  type AttributeValue,
  type DType,
  i64Tensor,
  type Tensor,
} from "../../../operators/index.js";
import { int, text } from "../../support/run-definition.js";
import { tensorFrom } from "../../support/tensors.js";
import type { DefinitionCase } from "./types.js";

/** Scatters: each reduction over each kind of register, repeated and outside indices, short lines. */

const ANY: readonly DType[] = ["f32", "u8", "bool", "f16", "bf16", "i16", "i64", "f64", "u32"];
const NUMBERS: readonly DType[] = ["f32", "f16", "bf16", "f64", "i8", "i32", "i64", "u8", "u64"];

interface Form {
  readonly operator: string;
  readonly dims: readonly number[];
  readonly indices: Tensor;
  readonly updates: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly version?: number;
}

function casesOf(form: Form, reduction: string, dtypes: readonly DType[]): DefinitionCase[] {
  const isPlain = reduction === "none";
  return dtypes.map((dtype) => ({
    operator: form.operator,
    domain: "",
    version: form.version ?? 18,
    attributes: { ...form.attributes, ...(isPlain ? {} : { reduction: text(reduction) }) },
    inputs: [
      { dtype, dims: form.dims },
      { dtype: form.indices.dtype, dims: form.indices.dims },
      { dtype, dims: form.updates },
    ],
    values: { 1: form.indices },
  }));
}

const cycle = (count: number, period: number, shift: number): number[] =>
  Array.from({ length: count }, (_, i) => ((i * 7) % period) - shift);

const ELEMENTS: readonly Form[] = [
  { dims: [5], indices: i64Tensor([4], [1, -4, 4, 1]), updates: [4] },
  { dims: [3, 19], indices: i64Tensor([7, 19], cycle(133, 8, 4)), updates: [7, 19] },
  {
    dims: [3, 9, 5],
    indices: tensorFrom("i32", [2, 4, 3], cycle(24, 20, 10)),
    updates: [2, 4, 3],
    attributes: { axis: int(1) },
  },
  {
    dims: [2, 3],
    indices: i64Tensor([2, 3], [2n ** 63n - 1n, -(2n ** 63n), 0n, 2n, -3n, -4n]),
    updates: [2, 3],
    attributes: { axis: int(-1) },
  },
  { dims: [4, 3], indices: i64Tensor([0, 3], []), updates: [0, 3] },
].map((f) => ({ operator: "ScatterElements", ...f }));

const SLICES: readonly Form[] = [
  { dims: [8], indices: i64Tensor([5, 1], [4, 3, -7, 4, 8]), updates: [5] },
  { dims: [4, 18], indices: i64Tensor([3, 1], [2, 0, -2]), updates: [3, 18] },
  {
    dims: [3, 4, 5],
    indices: i64Tensor([2, 2, 2], [0, 1, 2, -1, 0, 1, 3, 0]),
    updates: [2, 2, 5],
  },
  { dims: [2, 2], indices: i64Tensor([0, 2], []), updates: [0] },
].map((f) => ({ operator: "ScatterND", ...f }));

const CACHES: readonly DefinitionCase[] = (["f32", "f16", "i8"] as const).flatMap((dtype) =>
  [
    { cache: [2, 3, 4, 5], update: [2, 3, 2, 5], starts: [1, 3], mode: "linear" },
    { cache: [2, 3, 4, 5], update: [2, 3, 3, 5], starts: [2, -1], mode: "circular" },
    { cache: [3, 6, 17], update: [3, 2, 17], starts: [0, 4, 9], mode: "circular" },
    { cache: [2, 7, 3], update: [2, 4, 3], starts: undefined, mode: "linear" },
  ].map(({ cache, update, starts, mode }) => ({
    operator: "TensorScatter",
    domain: "",
    version: 24,
    attributes: { mode: text(mode) },
    inputs: [
      { dtype, dims: cache },
      { dtype, dims: update },
      ...(starts ? [{ dtype: "i64" as const, dims: [starts.length] }] : []),
    ],
    ...(starts ? { values: { 2: i64Tensor([starts.length], starts) } } : {}),
  })),
);

export const SCATTER_CASES: readonly DefinitionCase[] = [
  ...[...ELEMENTS, ...SLICES].flatMap((form) => [
    ...casesOf(form, "none", ANY),
    ...["add", "mul", "min", "max"].flatMap((reduction) => casesOf(form, reduction, NUMBERS)),
  ]),
  ...casesOf({ ...(ELEMENTS[1] as Form), operator: "Scatter", version: 9 }, "none", ["f32", "i64"]),
  ...CACHES,
];
