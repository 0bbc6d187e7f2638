import { expect } from "vitest";
import { findDefinition, resolveVersion, type Tensor } from "../../operators/index.js";
import { expectClose, valuesOf } from "../support/compare.js";
import type { OnnxCase } from "../support/onnx-case.js";
import { describeCases } from "../support/onnx-cases.js";
import { runNode } from "../support/run-definition.js";

/** Expected outputs of the ONNX backend conformance cases of folds and of the quantised family. */

/** How many single-operator cases the data has, so that none can drop out unseen. */
const CASES: Readonly<Record<string, number>> = {
  ArgMax: 8,
  ArgMin: 10,
  Attention: 46,
  AveragePool: 16,
  BatchNormalization: 4,
  Conv: 19,
  ConvInteger: 2,
  DequantizeLinear: 2,
  DynamicQuantizeLinear: 2,
  Gemm: 9,
  GlobalMaxPool: 2,
  GroupNormalization: 2,
  InstanceNormalization: 3,
  LayerNormalization: 14,
  LogSoftmax: 4,
  LRN: 2,
  MatMul: 5,
  MatMulInteger: 1,
  MaxPool: 18,
  QLinearConv: 1,
  QLinearMatMul: 2,
  QuantizeLinear: 3,
  ReduceL1: 6,
  ReduceL2: 5,
  ReduceLogSum: 3,
  ReduceMax: 4,
  ReduceMean: 6,
  ReduceMin: 4,
  ReduceProd: 6,
  ReduceSum: 10,
  ReduceSumSquare: 5,
  RMSNormalization: 10,
  Softmax: 4,
};

/** Cases with queries that see no key, for which ONNX asks for 0 and the contract gives NaN. */
const BLIND =
  /fullymasked_row_nan|fullymasked_qk_matmul|structural_empty|causal_boolmask_nan_robustness/;

describeCases(CASES, runCase);

function runCase(c: OnnxCase): void {
  const definition = findDefinition(c.domain, c.operator);
  const version = definition && resolveVersion(definition, c.opset);
  expect(version, c.name).toBeDefined();
  const outputs = runNode({ ...c, version: version as number, outputs: c.expected.length });
  const blind = BLIND.test(c.name);
  c.expected.forEach((expected, i) => {
    const actual = outputs[i];
    expect(actual, `${c.name}, output ${i}`).toBeDefined();
    if (expected && actual) expectClose(actual, blind ? zeroRowsAsNaN(expected) : expected);
  });
  if (blind) expect(valuesOf(outputs[0] as Tensor).some((v) => Number.isNaN(v))).toBe(true);
}

/** Rows of zeros become NaN: what the contract gives a query that sees no key. */
function zeroRowsAsNaN(t: Tensor): Tensor {
  const width = t.dims.at(-1) as number;
  const bytes = Uint8Array.from(t.bytes);
  const view = new DataView(bytes.buffer);
  const values = valuesOf(t);
  for (let row = 0; row < values.length; row += width) {
    if (values.slice(row, row + width).some((v) => v !== 0)) continue;
    for (let i = row; i < row + width; i++) view.setUint32(i * 4, 0x7fc00000, true);
  }
  return { ...t, bytes };
}
