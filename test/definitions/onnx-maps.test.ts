import { expect } from "vitest";
import { findDefinition, resolveVersion } from "../../operators/index.js";
import { expectClose } from "../support/compare.js";
import type { OnnxCase } from "../support/onnx-case.js";
import { describeCases } from "../support/onnx-cases.js";
import { runNode } from "../support/run-definition.js";

/** Expected outputs of the ONNX backend conformance cases of maps, index operators and constants. */

/** How many single-operator cases the data has, so that none can drop out unseen. */
const CASES: Readonly<Record<string, number>> = {
  Abs: 1,
  Acos: 1,
  Acosh: 2,
  Add: 1,
  And: 5,
  Asin: 1,
  Asinh: 1,
  Atan: 1,
  Atanh: 1,
  BitShift: 2,
  BitwiseAnd: 2,
  BitwiseNot: 1,
  BitwiseOr: 2,
  BitwiseXor: 2,
  Ceil: 1,
  Celu: 1,
  Clip: 11,
  Concat: 10,
  Constant: 1,
  ConstantOfShape: 2,
  Cos: 1,
  Cosh: 1,
  DepthToSpace: 1,
  Div: 3,
  Dropout: 1,
  Elu: 2,
  Equal: 1,
  Exp: 3,
  Expand: 6,
  Flatten: 8,
  Floor: 2,
  Gather: 5,
  GatherElements: 2,
  GatherND: 2,
  Gelu: 4,
  Greater: 3,
  GreaterOrEqual: 2,
  HardSigmoid: 2,
  HardSwish: 1,
  Identity: 3,
  IsInf: 2,
  IsNaN: 1,
  LeakyRelu: 2,
  Less: 4,
  LessOrEqual: 2,
  Log: 1,
  Max: 5,
  Min: 7,
  Mod: 6,
  Mul: 5,
  Neg: 2,
  Not: 2,
  Or: 5,
  Pad: 7,
  Pow: 10,
  PRelu: 6,
  Range: 1,
  Reciprocal: 2,
  Relu: 3,
  Reshape: 6,
  Round: 1,
  Selu: 4,
  Shape: 8,
  Sigmoid: 2,
  Sign: 1,
  Sin: 1,
  Sinh: 2,
  Size: 1,
  Slice: 7,
  Softplus: 1,
  Softsign: 2,
  SpaceToDepth: 2,
  Split: 11,
  Sqrt: 2,
  Squeeze: 2,
  Sub: 5,
  Sum: 3,
  Swish: 1,
  Tan: 2,
  Tanh: 1,
  ThresholdedRelu: 2,
  Tile: 1,
  Transpose: 4,
  Trilu: 13,
  Unsqueeze: 5,
  Where: 2,
  Xor: 6,
};

describeCases(CASES, runCase);

function runCase(c: OnnxCase): void {
  const definition = findDefinition(c.domain, c.operator);
  const version = definition && resolveVersion(definition, c.opset);
  expect(version, c.name).toBeDefined();
  const outputs = runNode({ ...c, version: version as number, outputs: c.expected.length });
  c.expected.forEach((expected, i) => {
    const actual = outputs[i];
    expect(actual, `${c.name}, output ${i}`).toBeDefined();
    if (expected && actual) expectClose(actual, expected);
  });
}
