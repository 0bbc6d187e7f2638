import { f32Tensor, i64Tensor } from "../../../operators/index.js";
import type { DefinitionCase } from "../../definitions/cases/types.js";
import { int } from "../../support/run-definition.js";

const of = (operator: string, more: Partial<DefinitionCase>): DefinitionCase => {
  return { operator, domain: "", version: 13, attributes: {}, inputs: [], ...more };
};

const value = { kind: "tensor", value: f32Tensor([2], [-0, 1.5]) } as const;
const fill = { kind: "tensor", value: f32Tensor([1], [Number.NaN]) } as const;
const f32 = (...dims: number[]) => ({ dtype: "f32" as const, dims });
const image = f32(2, 3, 5);
const bytes = { dtype: "i8", dims: [70] } as const;

/** Operators that are folded at binding have no programs, and so no cases of their own. */
export const FOLDED_CASES: readonly DefinitionCase[] = [
  of("Constant", { attributes: { value } }),
  of("Constant", { attributes: { value_int: int(-7) } }),
  of("ConstantOfShape", {
    version: 9,
    attributes: { value: fill },
    inputs: [{ dtype: "i64", dims: [2] }],
    values: { 0: i64Tensor([2], [3, 2]) },
  }),
  of("Shape", { version: 15, attributes: { start: int(-2) }, inputs: [image] }),
  of("Size", { inputs: [image] }),
  of("NonZero", { inputs: [image] }),
  of("Unique", { version: 11, inputs: [image], outputs: 4 }),
  of("Unique", { version: 11, attributes: { sorted: int(0) }, inputs: [bytes], outputs: 4 }),
  of("NonMaxSuppression", {
    version: 11,
    inputs: [f32(2, 9, 4), f32(2, 3, 9), { dtype: "i64", dims: [1] }, f32(1)],
    values: { 2: i64Tensor([1], [4]), 3: f32Tensor([1], [0.25]) },
  }),
];
