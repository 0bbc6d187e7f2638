import { expect } from "vitest";
import { findDefinition, resolveVersion } from "../../operators/index.js";
import { expectClose } from "../support/compare.js";
import { describeCases } from "../support/onnx-cases.js";
import { runNode } from "../support/run-definition.js";

/** Expected outputs of the ONNX backend conformance cases of selections, scatters and rotations. */

/** How many single-operator cases the data has, so that none can drop out unseen. */
const CASES: Readonly<Record<string, number>> = {
  CumProd: 1,
  OneHot: 3,
  RotaryEmbedding: 7,
  ScatterElements: 5,
  ScatterND: 4,
  SwiGLU: 1,
  TensorScatter: 3,
  TopK: 3,
};

describeCases(CASES, (c) => {
  const definition = findDefinition(c.domain, c.operator);
  const version = definition && resolveVersion(definition, c.opset);
  expect(version, c.name).toBeDefined();
  const outputs = runNode({ ...c, version: version as number, outputs: c.expected.length });
  c.expected.forEach((expected, i) => {
    const actual = outputs[i];
    expect(actual, `${c.name}, output ${i}`).toBeDefined();
    if (expected && actual) expectClose(actual, expected);
  });
});
