import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";
import { expect, test } from "vitest";
import { f32Tensor, f32Values, type Tensor } from "../../operators/index.js";
import { importOnnx } from "../../src/onnx/import.js";
import { dataPath, describeWithData } from "../support/data.js";
import { LIGHT } from "./light.js";
import { generator, seededModel } from "./seeded.js";
import { run, worldOf } from "./world.js";

/**
 * Most that sums in another order may differ, relative to the largest element. Measured: 3e-6 before
 * the softmax, 1.1e-5 after it (VGG-19).
 */
const TOLERANCE = 1e-4;

/**
 * The light architectures with seeded weights on a seeded input, against onnxruntime-web. With
 * constant weights all outputs are alike, whatever order channels, groups or taps are read in; with
 * these they are not.
 */
describeWithData(
  "light architectures with seeded weights agree with onnxruntime-web",
  LIGHT,
  () => {
    test.each([
      "squeezenet",
      "shufflenet",
      "inception_v1",
      "inception_v2",
      "resnet50",
      "densenet121",
      "bvlc_alexnet",
      "zfnet512",
      "vgg19",
    ])("%s", async (name) => {
      const file = seededModel(
        new Uint8Array(readFileSync(dataPath(`${LIGHT}/light_${name}.onnx`))),
      );
      const model = importOnnx(file);
      const input = seededInput((model.graph.inputs[0]?.dims ?? []).map(Number));
      const { outputs } = await run(worldOf(model, input), { keepBoundaries: false });
      const theirs = await runElsewhere(file, input);
      for (const [output, mine] of outputs) expectNear(mine, theirs[output] as ort.Tensor);
      const logits = f32Values([...outputs.values()].at(-1) as Tensor);
      expect(new Set(logits).size).toBeGreaterThan(logits.length / 2);
    });
  },
);

function seededInput(dims: readonly number[]): Tensor {
  const random = generator(88172645);
  const count = dims.reduce((n, d) => n * d, 1);
  return f32Tensor(
    dims,
    Array.from({ length: count }, () => 2 * random() - 1),
  );
}

async function runElsewhere(file: Uint8Array, input: Tensor): Promise<Record<string, ort.Tensor>> {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(file, { executionProviders: ["wasm"] });
  try {
    const tensor = new ort.Tensor("float32", Float32Array.from(f32Values(input)), [...input.dims]);
    return { ...(await session.run({ [session.inputNames[0] as string]: tensor })) };
  } finally {
    await session.release();
  }
}

function expectNear(mine: Tensor, theirs: ort.Tensor): void {
  expect(mine.dims).toEqual(theirs.dims);
  const got = f32Values(mine);
  const want = theirs.data as Float32Array;
  const largest = want.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const worst = want.reduce((most, v, i) => Math.max(most, Math.abs(v - (got[i] as number))), 0);
  expect(largest).toBeGreaterThan(0);
  expect(worst / largest).toBeLessThan(TOLERANCE);
}
