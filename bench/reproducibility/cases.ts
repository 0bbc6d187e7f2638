import { type AttributeSpec, float } from "../../fixtures/builders/model-builder.js";
import { type Tensor, tensorOf } from "../../operators/index.js";
import { randomTensor } from "../values.js";
import { indices, part, repeated } from "./slices.js";

/** What is varied within one process; the base is what everything else is compared with. */
export type Variation = "base" | "shape" | "batch" | "large";

/** One operator on given operands, and which results of the base its results should be. */
export interface Case {
  /** The column of the table. */
  readonly column: string;
  readonly variation: Variation;
  readonly operator: string;
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly operands: readonly Operand[];
  readonly out: readonly number[];
  /** For every element of the output, which element of the base's output has the same arithmetic. */
  readonly same: Int32Array;
}

export interface Operand {
  readonly tensor: Tensor;
  /** A weight, which a runtime may prepare when it loads a model. */
  readonly constant: boolean;
}

export const COLUMNS = [
  "MatMul",
  "MatMul, constant weights",
  "Conv",
  "Softmax",
  "LayerNormalization",
  "Tanh",
  "Exp",
  "Gelu",
] as const;

const varying = (tensor: Tensor): Operand => ({ tensor, constant: false });
const scaled = (t: Tensor, by: number): Tensor => {
  const values = new Float32Array(t.bytes.slice().buffer).map((v) => v * by);
  return tensorOf("f32", t.dims, new Uint8Array(values.buffer));
};
const reshaped = (t: Tensor, dims: readonly number[]): Tensor => tensorOf("f32", dims, t.bytes);

/** All cases, in one order; each column begins with its base. */
export function allCases(): Case[] {
  return [
    ...products("MatMul", false),
    ...products("MatMul, constant weights", true),
    ...convolutions(),
    ...rows("Softmax", { axis: -1 }),
    ...rows("LayerNormalization", { axis: -1, epsilon: float(1e-5) }),
    ...maps("Tanh", 3),
    ...maps("Exp", 3),
    ...maps("Gelu", 3),
  ];
}

/** [64, 512] × [512, 96]: fewer rows or columns of it, and its rows in batches. */
function products(column: string, constant: boolean): Case[] {
  const [M, K, N] = [64, 512, 96];
  const [a, b] = [randomTensor([M, K], 11), randomTensor([K, N], 12)];
  const base = indices([M, N]);
  const made = (variation: Variation, x: Tensor, w: Tensor, same: Tensor): Case => ({
    column,
    variation,
    operator: "MatMul",
    attributes: {},
    operands: [varying(x), { tensor: w, constant }],
    out: same.dims,
    same: new Int32Array(same.bytes.slice().buffer),
  });
  const shapes = [
    ...[1, 2, 3, 5, 8, 13, 33].map((m) => [m, N] as const),
    ...[1, 2, 7, 16, 40, 95].map((n) => [M, n] as const),
    ...([
      [1, 1],
      [3, 5],
      [7, 33],
    ] as const),
  ];
  const batches = [1, 2, 4, 16, 64];
  const large = [randomTensor([256, 768], 13), randomTensor([768, 256], 14)] as const;
  return [
    made("base", a, b, base),
    ...shapes.map(([m, n]) =>
      made("shape", part(a, 0, 0, m), part(b, 1, 0, n), part(part(base, 0, 0, m), 1, 0, n)),
    ),
    ...batches.map((count) => {
      const dims = [count, M / count];
      const w = constant ? b : repeated(b, count);
      return made("batch", reshaped(a, [...dims, K]), w, { ...base, dims: [...dims, N] });
    }),
    made("large", large[0], large[1], indices([256, 256])),
  ];
}

/** [4, 16, 12, 12] by 24 filters of 3 × 3: fewer images, rows, columns, filters. */
function convolutions(): Case[] {
  const [x, w, bias] = [
    randomTensor([4, 16, 12, 12], 21),
    randomTensor([24, 16, 3, 3], 22),
    randomTensor([24], 23),
  ];
  const base = indices([4, 24, 10, 10]);
  const made = (
    variation: Variation,
    size: Partial<Record<"n" | "f" | "h" | "w", number>>,
  ): Case => {
    const { n = 4, f = 24, h = 12, w: width = 12 } = size;
    const image = part(part(part(x, 0, 0, n), 2, 0, h), 3, 0, width);
    const same = part(part(part(part(base, 0, 0, n), 1, 0, f), 2, 0, h - 2), 3, 0, width - 2);
    return {
      column: "Conv",
      variation,
      operator: "Conv",
      attributes: {},
      operands: [
        varying(image),
        { tensor: part(w, 0, 0, f), constant: true },
        { tensor: part(bias, 0, 0, f), constant: true },
      ],
      out: same.dims,
      same: new Int32Array(same.bytes.slice().buffer),
    };
  };
  return [
    made("base", {}),
    ...[{ h: 3, w: 3 }, { h: 4, w: 12 }, { h: 7 }, { w: 5 }, { f: 1 }, { f: 7 }, { f: 16 }].map(
      (s) => made("shape", s),
    ),
    ...[1, 2, 3].map((n) => made("batch", { n })),
  ];
}

/** 48 rows of 301 numbers: fewer rows, and rows in other dims. */
function rows(operator: string, attributes: Case["attributes"]): Case[] {
  const [count, width] = [48, 301];
  const x = scaled(randomTensor([count, width], 31), 4);
  const base = indices([count, width]);
  const constants =
    operator === "Softmax" ? [] : [randomTensor([width], 32), randomTensor([width], 33)];
  const made = (variation: Variation, input: Tensor, same: Tensor): Case => ({
    column: operator,
    variation,
    operator,
    attributes,
    operands: [varying(input), ...constants.map((tensor) => ({ tensor, constant: true }))],
    out: same.dims,
    same: new Int32Array(same.bytes.slice().buffer),
  });
  const dims = [
    [6, 8, width],
    [48, 1, width],
    [1, 48, width],
    [2, 3, 8, width],
  ];
  return [
    made("base", x, base),
    ...dims.map((d) => made("shape", reshaped(x, d), { ...base, dims: d })),
    ...[1, 2, 3, 7, 16, 47].map((n) => made("batch", part(x, 0, 0, n), part(base, 0, 0, n))),
  ];
}

/** 4001 numbers: stretches of them, so that each lies elsewhere among its neighbours. */
function maps(operator: string, scale: number): Case[] {
  const count = 4001;
  const x = scaled(randomTensor([count], 41), scale);
  const base = indices([count]);
  const made = (variation: Variation, input: Tensor, same: Tensor): Case => ({
    column: operator,
    variation,
    operator,
    attributes: {},
    operands: [varying(input)],
    out: same.dims,
    same: new Int32Array(same.bytes.slice().buffer),
  });
  const stretches = [
    [0, 1],
    [0, 3],
    [1, 9],
    [3, 20],
    [5, 1000],
    [999, 4001],
    [17, 18],
    [40, 47],
  ];
  return [
    made("base", x, base),
    ...stretches.map(([from = 0, to = 0]) => {
      return made("shape", part(x, 0, from, to), part(base, 0, from, to));
    }),
    made("shape", reshaped(x, [1, count]), { ...base, dims: [1, count] }),
  ];
}
