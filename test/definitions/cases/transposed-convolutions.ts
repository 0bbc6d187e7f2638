import type { AttributeValue, DType } from "../../../operators/index.js";
import { int, ints, text } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** ConvTranspose and CausalConvWithState: strides, gaps, crops, groups, every dtype on a few. */

type Shape = readonly number[];
type Attributes = Readonly<Record<string, AttributeValue>>;

const FLOATS: readonly DType[] = ["f32", "f16", "bf16", "f64"];

interface Form {
  readonly x: Shape;
  readonly w: Shape;
  readonly attributes?: Attributes;
}

const FORMS: readonly Form[] = [
  { x: [1, 1, 1], w: [1, 1, 1] },
  { x: [2, 3, 20], w: [3, 4, 3], attributes: { pads: ints(1, 1) } },
  { x: [1, 2, 9], w: [2, 3, 4], attributes: { strides: ints(2), pads: ints(1, 1) } },
  { x: [1, 2, 9], w: [2, 3, 4], attributes: { strides: ints(3), dilations: ints(2) } },
  { x: [1, 2, 5, 6], w: [2, 17, 2, 2], attributes: { strides: ints(2, 2) } },
  {
    x: [1, 3, 7, 5],
    w: [3, 4, 3, 3],
    attributes: { strides: ints(2, 2), pads: ints(1, 1, 1, 1), output_padding: ints(1, 1) },
  },
  { x: [1, 3, 3, 20], w: [3, 8, 1, 5], attributes: { pads: ints(0, 2, 0, 2) } },
  { x: [2, 4, 3, 4], w: [4, 3, 3, 2], attributes: { group: int(2), strides: ints(1, 2) } },
  { x: [1, 6, 3, 3], w: [6, 1, 4, 4], attributes: { group: int(6), strides: ints(2, 2) } },
  {
    x: [1, 2, 4, 4],
    w: [2, 3, 3, 3],
    attributes: { strides: ints(3, 2), output_shape: ints(10, 8) },
  },
  {
    x: [1, 2, 4, 4],
    w: [2, 3, 2, 2],
    attributes: { strides: ints(3, 3), auto_pad: text("SAME_UPPER") },
  },
  {
    x: [1, 2, 4, 5],
    w: [2, 3, 4, 3],
    attributes: { strides: ints(1, 2), auto_pad: text("SAME_LOWER") },
  },
  { x: [1, 2, 4, 5], w: [2, 3, 2, 3], attributes: { auto_pad: text("VALID") } },
  {
    x: [2, 2, 3, 2, 4],
    w: [2, 2, 2, 3, 2],
    attributes: { strides: ints(2, 1, 3), pads: ints(0, 1, 1, 0, 0, 1), group: int(2) },
  },
  {
    x: [2, 4, 2, 2, 3],
    w: [4, 1, 3, 2, 2],
    attributes: { strides: ints(2, 2, 2), group: int(2) },
  },
  {
    x: [1, 2, 5, 6],
    w: [2, 3, 3, 4],
    attributes: { strides: ints(4, 6), dilations: ints(2, 4), pads: ints(1, 0, 2, 1) },
  },
  { x: [0, 2, 4, 4], w: [2, 3, 3, 3], attributes: { strides: ints(2, 1) } },
  { x: [1, 2, 3], w: [2, 1, 1], attributes: { strides: ints(4), output_padding: ints(5) } },
];

const transposed = FORMS.flatMap(({ x, w, attributes = {} }, i) =>
  FLOATS.filter((_, d) => d === 0 || i % 4 === 3).flatMap((dtype) => {
    const maps =
      (w[1] as number) * (attributes.group?.kind === "int" ? Number(attributes.group.value) : 1);
    const inputs = [x, w, [maps]].map((dims) => ({ dtype, dims }));
    const common = { operator: "ConvTranspose", domain: "", attributes };
    return [
      { ...common, version: 22, inputs: inputs.slice(0, 2) },
      { ...common, version: 11, inputs },
    ];
  }),
);

const causal = (
  [
    [1, 1, 6, 4],
    [2, 3, 8, 4],
    [1, 5, 1, 3],
    [2, 4, 33, 1],
    [1, 2, 2, 5],
  ] as const
).flatMap(([batch, channels, length, kernel], i) =>
  FLOATS.slice(0, i % 2 === 0 ? 3 : 1).flatMap((dtype) => {
    const x = { dtype, dims: [batch, channels, length] };
    const weight = { dtype, dims: [channels, 1, kernel] };
    const bias = { dtype, dims: [channels] };
    const past = { dtype, dims: [batch, channels, kernel - 1] };
    const common = { operator: "CausalConvWithState", domain: "", version: 27 };
    const silu = { activation: text("silu") };
    return [
      { ...common, attributes: {}, inputs: [x, weight], outputs: 2 },
      { ...common, attributes: silu, inputs: [x, weight, bias, past], outputs: 2 },
      { ...common, attributes: silu, inputs: [x, weight, undefined, past] },
    ];
  }),
);

export const TRANSPOSED_CONVOLUTION_CASES: readonly DefinitionCase[] = [...transposed, ...causal];
