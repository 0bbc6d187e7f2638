import {
  type AttributeValue,
  type DType,
  f32Tensor,
  i64Tensor,
  type Tensor,
} from "../../../operators/index.js";
import { float, int, ints, text } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** Resize and Upsample: every mode, coordinate and rounding, up and down, on a few shapes. */

type Shape = readonly number[];
type Attributes = Readonly<Record<string, AttributeValue>>;

interface Form {
  readonly x: Shape;
  readonly version?: number;
  readonly attributes?: Attributes;
  readonly scales?: readonly number[];
  readonly sizes?: readonly number[];
  readonly roi?: readonly number[];
  readonly dtypes?: readonly DType[];
}

function casesOf({ x, version = 19, attributes = {}, ...form }: Form): DefinitionCase[] {
  const roi = form.roi && f32Tensor([form.roi.length], form.roi);
  const scales = form.scales && f32Tensor([form.scales.length], form.scales);
  const sizes = form.sizes && i64Tensor([form.sizes.length], form.sizes);
  const rest = version < 11 ? [scales] : [roi, scales, sizes];
  const values = rest.flatMap((t, i): [number, Tensor][] => (t ? [[i + 1, t]] : []));
  return (form.dtypes ?? ["f32"]).map((dtype) => ({
    operator: "Resize",
    domain: "",
    version,
    attributes,
    inputs: [{ dtype, dims: x }, ...rest.map((t) => t && { dtype: t.dtype, dims: t.dims })],
    values: Object.fromEntries(values),
  }));
}

const TRANSFORMATIONS = [
  "half_pixel",
  "half_pixel_symmetric",
  "pytorch_half_pixel",
  "align_corners",
  "asymmetric",
  "tf_half_pixel_for_nn",
];
const ROUNDINGS = ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"];

const nearest = TRANSFORMATIONS.flatMap((transformation) =>
  ROUNDINGS.flatMap((rounding) => {
    const attributes = {
      mode: text("nearest"),
      coordinate_transformation_mode: text(transformation),
      nearest_mode: text(rounding),
    };
    return [
      casesOf({ x: [2, 3, 5], scales: [1, 2, 3], attributes }),
      casesOf({ x: [1, 2, 7, 6], scales: [1, 1, 0.6, 1.7], attributes }),
      casesOf({ x: [1, 2, 4, 9], sizes: [1, 2, 8, 3], attributes, dtypes: ["i8"] }),
    ].flat();
  }),
);

const every: readonly DType[] = ["f16", "bf16", "f64", "i64", "bool", "u16"];
const nearestOfEvery = [
  ...casesOf({ x: [1, 3, 4, 17], scales: [1, 1, 2, 2], dtypes: every }),
  ...casesOf({ x: [5, 20], sizes: [3, 41], dtypes: every }),
  ...casesOf({ x: [2, 2, 2, 2, 2], scales: [3, 2, 2, 2, 3] }),
  ...casesOf({ x: [4, 3], sizes: [4, 3] }),
  ...casesOf({ x: [0, 3], scales: [1, 2] }),
  ...casesOf({ x: [2, 3], scales: [0.4, 1] }),
  ...casesOf({ x: [2, 3], sizes: [0, 2], attributes: { mode: text("linear"), antialias: int(1) } }),
  ...casesOf({ x: [0, 3], sizes: [0, 2], attributes: { mode: text("cubic") } }),
  ...casesOf({
    x: [2, 3],
    sizes: [0, 2],
    roi: [0, 0, 1, 1],
    attributes: { coordinate_transformation_mode: text("tf_crop_and_resize") },
  }),
  ...casesOf({ x: [2, 7], scales: [1, 0.5], version: 10 }),
];

const smooth = ["linear", "cubic"].flatMap((mode) =>
  TRANSFORMATIONS.slice(0, 5).flatMap((transformation, i) => {
    const attributes = {
      mode: text(mode),
      coordinate_transformation_mode: text(transformation),
      exclude_outside: int(i % 2),
    };
    const antialias = { ...attributes, antialias: int(1), exclude_outside: int((i + 1) % 2) };
    return [
      casesOf({ x: [2, 3, 5], scales: [1, 2, 3.3], attributes }),
      casesOf({ x: [1, 2, 7, 6], sizes: [1, 2, 3, 20], attributes }),
      casesOf({ x: [1, 2, 9, 40], scales: [1, 1, 0.3, 0.07], attributes: antialias }),
      casesOf({ x: [3, 11], sizes: [7, 11], attributes: antialias }),
    ].flat();
  }),
);

const numbers: readonly DType[] = ["f16", "bf16", "f64", "u8", "i8", "i32", "i64", "u64"];
const smoothOfEvery = [
  ...casesOf({
    x: [3, 5],
    scales: [2, 1.5],
    attributes: { mode: text("linear") },
    dtypes: numbers,
  }),
  ...casesOf({
    x: [3, 9],
    sizes: [5, 4],
    attributes: { mode: text("cubic"), antialias: int(1), cubic_coeff_a: float(-0.5) },
    dtypes: numbers,
  }),
  ...casesOf({ x: [4, 3], scales: [1, 1], attributes: { mode: text("cubic") }, dtypes: ["f16"] }),
  ...casesOf({ x: [1, 5], sizes: [1, 1], attributes: { mode: text("linear") } }),
  ...casesOf({
    x: [2, 1, 6],
    scales: [1, 1, 2],
    version: 10,
    attributes: { mode: text("linear") },
  }),
  ...casesOf({ x: [2, 0], scales: [2, 2], attributes: { mode: text("linear") } }),
];

const crops = ["nearest", "linear", "cubic"].flatMap((mode) => {
  const attributes = {
    mode: text(mode),
    coordinate_transformation_mode: text("tf_crop_and_resize"),
    extrapolation_value: float(7.5),
  };
  return [
    casesOf({
      x: [1, 2, 6, 7],
      sizes: [1, 2, 4, 9],
      roi: [0, 0, 0.2, -0.3, 1, 1, 1.4, 0.8],
      attributes,
      dtypes: ["f32", "f64", "u8", "f16"],
    }),
    casesOf({
      x: [2, 6, 7],
      sizes: [1, 5],
      roi: [0.25, 0.9, 0.75, 0.1],
      attributes: { ...attributes, axes: ints(-2, 2) },
    }),
  ].flat();
});

const policies = ["not_larger", "not_smaller"].flatMap((policy) =>
  ["nearest", "linear"].flatMap((mode) =>
    casesOf({
      x: [2, 5, 8],
      sizes: [7, 9],
      attributes: {
        mode: text(mode),
        axes: ints(1, 2),
        keep_aspect_ratio_policy: text(policy),
      },
    }),
  ),
);

const upsample = ["nearest", "linear"].flatMap((mode): DefinitionCase[] => {
  const scales = f32Tensor([4], [1, 1, 2, 2.5]);
  const x = { dtype: "f32", dims: [1, 2, 3, 5] } as const;
  const common = { operator: "Upsample", domain: "" };
  const attributes = { mode: text(mode) };
  const factors: AttributeValue = { kind: "floats", value: [1, 1, 2.5, 2] };
  const old = { mode: text(mode === "linear" ? "bilinear" : mode) };
  return [
    {
      ...common,
      version: 9,
      attributes,
      inputs: [x, { dtype: "f32", dims: [4] }],
      values: { 1: scales },
    },
    { ...common, version: 7, attributes: { ...attributes, scales: factors }, inputs: [x] },
    {
      ...common,
      version: 1,
      attributes: { ...old, height_scale: float(1.5), width_scale: float(3) },
      inputs: [x],
    },
  ];
});

export const RESIZE_CASES: readonly DefinitionCase[] = [
  ...nearest,
  ...nearestOfEvery,
  ...smooth,
  ...smoothOfEvery,
  ...crops,
  ...policies,
  ...upsample,
];
