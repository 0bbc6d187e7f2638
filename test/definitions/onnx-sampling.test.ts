import { expect } from "vitest";
import { findDefinition, resolveVersion } from "../../operators/index.js";
import { expectClose } from "../support/compare.js";
import type { OnnxCase } from "../support/onnx-case.js";
import { describeCases } from "../support/onnx-cases.js";
import { runNode } from "../support/run-definition.js";

/** Expected outputs of the ONNX backend conformance cases of resizing and its neighbours. */

/** How many single-operator cases the data has, so that none can drop out unseen. */
const CASES: Readonly<Record<string, number>> = {
  CausalConvWithState: 7,
  ConvTranspose: 10,
  EyeLike: 1,
  Hardmax: 7,
  LpNormalization: 5,
  LpPool: 6,
  MeanVarianceNormalization: 1,
  Resize: 27,
  Upsample: 1,
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
